"""A policy in plain words, a sentence each, in the order of its file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mlops_jlab.policies.policy import Policy, Promotion, Quota


def sentences(policy: Policy) -> list[tuple[int, str]]:
    """What a policy asks for, each with its line; 0 where it speaks of several."""
    found = [(one.line, sentence) for one in policy.promotion for sentence in _promotion(one)]
    if policy.roots is not None:
        found.append((0, f"data are read from {_listed(policy.roots)} and below alone"))
    found += [(0, sentence) for sentence in _made_with(policy)]
    found += [(one.line, _quota(one)) for one in policy.quotas]
    found += [(0, sentence) for sentence in _kept(policy)]
    personal = policy.personal
    if personal.masked:
        found.append((0, f"values of {_listed(personal.masked)} are never shown: *** stands in their place"))
    if personal.hashed:
        found.append((0, f"values of {_listed(personal.hashed)} are shown as a digest with a key"))
    return found


def _listed(names: Sequence[str], word: str = "and") -> str:
    if not names:
        return "nobody" if word == "or" else "nothing"
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {word} {names[-1]}"


def _promotion(one: Promotion) -> Iterator[str]:
    model = "any model" if one.model == "*" else one.model
    where = f"{model}@{one.alias}" if one.alias != "*" else f"an alias of {model}"
    if one.by is not None:
        yield f"{where} is moved by {_listed(one.by, 'or')} alone"
    if one.approval is not None:
        who = "somebody else than who registered it"
        if one.approval.by != ("*",):
            who = f"{_listed(one.approval.by, 'or')}, but not who registered it"
        times = "" if one.approval.count == 1 else f", {one.approval.count} of them"
        yield f"before that it is approved of by {who}{times}: {where}"
    if one.gate:
        yield f"its gate has to pass: {where}"
    for rule in one.rules:
        yield f"its gate has to ask, or more strictly: {rule}: {where}"
    if one.override is not None:
        yield f"a gate is overridden by {_listed(one.override, 'or')} alone: {where}"
    elif one.gate:
        yield f"nobody overrides the gate: {where}"


def _made_with(policy: Policy) -> Iterator[str]:
    if policy.packages.denied:
        yield f"no model is registered that was made with {_listed(policy.packages.denied, 'or')}"
    if policy.packages.allowed:
        allowed = _listed(policy.packages.allowed)
        yield f"no model is registered that was made with other packages than {allowed}"
    if policy.licences.denied:
        yield f"nor with packages whose licence is {_listed(policy.licences.denied, 'or')}"
    if policy.licences.allowed:
        yield f"nor with packages whose licence is another than {_listed(policy.licences.allowed, 'or')}"
    if not policy.licences.unknown:
        yield "nor with packages that say nothing of their licence"


def _quota(one: Quota) -> str:
    limits = {"money": one.money, "processor hours": one.cpu_hours, "GPU hours": one.gpu_hours}
    words = _listed([f"{limit:g} {name}" for name, limit in limits.items() if limit is not None])
    return f"a schedule is stopped before a month of {one.whose} uses more than {words}"


def _kept(policy: Policy) -> Iterator[str]:
    kept = policy.retention
    for what, days in (("runs", kept.runs), ("artifacts of runs", kept.artifacts)):
        if days is not None:
            yield f"{what} are removed {days:g} days after they ended, but for what a registered model needs"
    if kept.predictions is not None:
        yield f"prediction logs in {_listed(kept.folders)} are removed after {kept.predictions:g} days"
