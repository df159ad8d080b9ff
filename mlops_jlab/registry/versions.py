"""Registering models, finding versions, promoting and rolling back: what every face calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mlops_jlab.entities.models import (
    CHAMPION,
    ModelAddress,
    ModelVersion,
    check_alias,
    check_model_name,
    parse_address,
)
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.masking import masked, masked_all
from mlops_jlab.policies import packages, standing
from mlops_jlab.registry import anchoring, modelfiles, samples, signatures
from mlops_jlab.registry.identity import identity
from mlops_jlab.registry.importance import importance
from mlops_jlab.store import (
    again,
    artifacts,
    deciding,
    judgements,
    opening,
    permitting,
    registering,
    stating,
)
from mlops_jlab.store.location import Place
from mlops_jlab.store.whole import whole_of
from mlops_jlab.tracking import contents, lifecycle
from mlops_jlab.tracking.live import LiveRun


@dataclass(frozen=True)
class Moved:
    """An alias that was moved: from one version to another. 0 means that there was none."""

    model: str
    alias: str
    before: int
    after: int


def register(
    model: Any, name: str, *, example: Any = None, metrics: Mapping[str, float] | None = None, note: str = "",
    data: Any = None, run: LiveRun | None = None, intended_use: str = "", limits: str = "",
    signature: Mapping[str, Any] | None = None, origin: Mapping[str, Any] | None = None,
) -> ModelVersion:  # fmt: skip
    """Saves a fitted model as the next version of the registered model ``name``.

    ``example`` are some rows that it can predict, for its signature; ``data`` is what it was fitted on, kept
    as a fingerprint with its period. ``intended_use`` and ``limits`` are for its card. The version belongs to
    ``run``, or to none. ``signature`` is one that is known already, and ``origin`` what else is to be known.
    A step of a pipeline that makes again what one has registered before registers that version.

    Raises:
        InputError: ``name`` is none, or the model cannot predict ``example``.
        StoreError: the store cannot be written.
    """
    check_model_name(name)
    writer = run.recorder if run is not None else lifecycle.recorder()
    files = contents.model(model)
    about: dict[str, Any] = json.loads(files["model.json"])
    try:
        about["signature"] = dict(signature or signatures.signature(model, example))
    except Exception as error:  # whatever a model's own code raises
        raise InputError(
            f"the model {name!r} cannot predict the example: {type(error).__name__}: {error}",
            hint="give rows with the columns that it was fitted on",
        ) from error
    about |= {
        "content": identity(files), "intended_use": masked(intended_use), "limits": masked(limits),
        "parameters": signatures.parameters(model),
        "requirements": signatures.requirements(model), "note": masked(note),
        "metrics": {key: float(value) for key, value in (metrics or {}).items()}, **(origin or {}),
    }  # fmt: skip
    counted = importance(model)
    if counted is not None:
        about["importance"] = counted
    if data is not None:
        about["data"] = masked_all(contents.fingerprint(data) | signatures.period(data))
    saved = [
        Artifact(path, *artifacts.put(writer.place, [content]))
        for path, content in files.items()
        if path != "model.json"
    ]
    if standing.of(writer.place.root).digest:
        about["imported"] = packages.imported()
    about["signed"] = modelfiles.signature_of(saved[0].digest)
    saved += _beside(writer.place, model, example, data, about["signature"])
    writer.open_database()
    writer.flush()
    whole = whole_run(writer.place, run) if run is not None else ""
    with opening.writing(writer.place) as connection:
        version = again.made_before(connection, name, about, saved, whole)
        if version is None:
            number = registering.add(
                connection, name, saved, about, who=lifecycle.who(), run=run.id if run else "", whole=whole
            )
            version = registering.find(connection, parse_address(f"{name}/{number}"))
    if run is not None:
        run.set_tag(f"model.{name}", str(version.version))
    return version


def _beside(
    place: Place, model: Any, example: Any, data: Any, signature: Mapping[str, Any]
) -> Iterator[Artifact]:
    """What is kept beside a model: what it said of its example, and what it was fitted on looks like."""
    if example is not None and (said := samples.written_of(model, example)) is not None:
        yield Artifact(samples.FILE, *artifacts.put(place, [said]))
    if data is not None:
        from mlops_jlab.registry import references  # it loads numpy, which lists of versions do without

        inputs = [name for name, _dtype in references.columns_of(signature)]
        reference = references.written_of(model, data, inputs)
        if reference is not None:
            yield Artifact(references.FILE, *artifacts.put(place, [reference]))


def whole_run(place: Place, run: LiveRun) -> str:
    """The id of the outermost run that a run is part of: the pipeline's for a step's."""
    with suppress(MlopsError), opening.reading(place) as connection:
        return whole_of(connection, run.id)
    return run.id


def find(place: Place, address: str) -> ModelVersion:
    """The version that ``NAME@ALIAS``, ``NAME/NUMBER`` or ``NAME`` means.

    Raises:
        InputError: there is none.
    """
    with opening.reading(place) as connection:
        return registering.find(connection, parse_address(address))


def load(place: Place, address: str, *, trust: bool = False) -> Any:
    """The model at an address; see :func:`mlops_jlab.registry.modelfiles.load`."""
    return modelfiles.load(place, find(place, address), trust=trust)


def promote(
    place: Place, address: str, alias: str = CHAMPION, *, reason: str = "", expected: int | None = None,
    override: bool = False, by: str = "", asked_by: str = "",
) -> Moved:  # fmt: skip
    """Lets an alias point at a version; the change is in the audit log with ``reason``.

    ``expected`` is the version that the alias pointed at when the decision was made. An alias that a gate
    guards is for versions whose own gates pass; any other one gets it only with ``override``, which needs a
    reason. So does one that ``asked_by`` has made a challenger, where it is the same person who promotes it.

    Raises:
        InputError: there is no such version, its gate stands against it, or somebody else has to approve.
        PolicyBreach: the policy of the store does not allow it.
        ConflictError: the alias was moved meanwhile.
    """
    with opening.writing(place) as connection:
        version = registering.find(connection, parse_address(address))
        stands, now = deciding.stands_against(connection, version, alias, by_hand=by != permitting.RETRAINING)
        if stands is not None and not override:
            raise stands
        if stands is None and expected is None:
            expected = now  # who moves it in this moment makes it another question
        whose = by or lifecycle.who()
        own = alias == CHAMPION and registering.asked_by(connection, version) == whose
        if own and not override:
            raise InputError(
                f"{version.title} has to be approved by somebody else than {whose}",
                hint="ask a colleague, or give a reason: --override REASON",
            )
        if override and not any(map(str.isalnum, reason)):
            raise InputError("a gate is overridden with a reason", hint="--override REASON")
        details = {"gate": version.verdict or "none", **({"asked by": asked_by} if asked_by else {})}
        action = "override gate" if stands is not None else "override approval" if own else "promote"
        before = registering.point(
            connection, version, alias, expected=expected, who=whose, action=action, reason=reason,
            details=details, override=override,
        )  # fmt: skip
    anchoring.note(place)
    return Moved(version.model, alias, before, version.version)


def approve(place: Place, address: str, alias: str = CHAMPION, *, reason: str = "") -> ModelVersion:
    """Writes down that whoever is at work approves of a version for an alias; the policy counts approvals.

    Raises:
        InputError: there is no such version, or they have registered it themselves.
    """
    check_alias(alias)
    with opening.writing(place) as connection:
        version = registering.find(connection, parse_address(address))
        who = lifecycle.who()
        if permitting.person(version.user) == permitting.person(who):
            raise InputError(
                f"{version.title} was registered by {who}", hint="somebody else has to approve of it"
            )
        permitting.approve(connection, version, alias, who=who, reason=reason)
    anchoring.note(place)
    return version


def describe(place: Place, address: str, words: Mapping[str, str]) -> ModelVersion:
    """Says what a version is for (``intended_use``), what not (``limits``), or both, as its card has them.

    Who said it and what was said before stays in the audit log.

    Raises:
        InputError: there is no such version, or a text is too long.
    """
    with opening.writing(place) as connection:
        version = registering.find(connection, parse_address(address))
        stating.state(connection, version, words, lifecycle.who())
        version = registering.find(connection, ModelAddress(version.model, version.version))
    anchoring.note(place)
    return version


def waiting(place: Place, version: ModelVersion, alias: str = CHAMPION) -> permitting.Waiting | None:
    """The approvals that a version waits for before it may have an alias; nothing where none is asked for.

    Raises:
        BrokenPolicy: the policy cannot be read.
    """
    policy = standing.of(place.root)
    if not policy.promotion:
        return None
    with opening.reading(place) as connection:
        return permitting.waiting(connection, policy, version, alias, who=lifecycle.who())


def roll_back(
    place: Place, model: str, alias: str = CHAMPION, *, to: int = 0, reason: str = "", by: str = ""
) -> Moved:
    """Lets an alias point at an earlier version again: the one before, or ``to``.

    Raises:
        InputError: there is no earlier one, or a gate guards the alias and ``to`` never had it.
    """
    with opening.writing(place) as connection:
        now = registering.find(connection, parse_address(f"{model}@{alias}"))
        past = registering.history(connection, model, alias)
        there = {version.version for version in registering.versions(connection, model)}
        earlier = [number for number in past[1:] if number != now.version and number in there]
        if not to and not earlier:
            raise InputError(f"{model}@{alias} has no version before {now.version}", hint="name one: --to N")
        wanted = to or earlier[0]
        version = registering.find(connection, parse_address(f"{model}/{wanted}"))
        had = wanted in registering.ever(connection, model, alias)
        stands, _now = deciding.stands_against(connection, version, alias, by_hand=True)
        if stands is not None and not had:
            raise stands
        before = registering.point(
            connection, version, alias, expected=now.version, who=by or lifecycle.who(), action="roll back",
            reason=reason,
        )  # fmt: skip
    anchoring.note(place)
    return Moved(model, alias, before, version.version)


def delete(place: Place, address: str, *, reason: str = "") -> ModelVersion:
    """Removes a version that no alias points at; its number is not used again."""
    with opening.writing(place) as connection:
        version = registering.find(connection, parse_address(address))
        registering.remove(connection, version, who=lifecycle.who(), reason=reason)
    return version


def all_versions(place: Place, model: str = "", whole: str = "") -> list[ModelVersion]:
    """Versions, the newest first: of one model, of one run, or all; nothing where there is no store."""
    if not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        return registering.versions(connection, model, whole)


def of_runs(place: Place, runs: Sequence[str]) -> list[ModelVersion]:
    """The versions that runs have registered, and those that they have judged, wherever those came from."""
    found = [version for run in runs for version in all_versions(place, whole=run)]
    contents = {(version.model, version.about.get("content")) for version in found}
    if not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        judged = [one for run in runs for one in judgements.judged(connection, run)]
        for model, content in dict.fromkeys(judged):
            same = [v for v in registering.versions(connection, model) if v.about.get("content") == content]
            if content and (model, content) not in contents:
                found += same[:1]
    return found
