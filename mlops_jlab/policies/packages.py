"""Packages and their licences: what a model was made with, against what the policy allows."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from mlops_jlab.policies.policy import Policy, fits

_LONGEST = 80  # characters of a licence's name; some packages put its whole text there


def homes() -> Mapping[str, Sequence[str]]:
    """The packages that modules come from, by the first name of the module."""
    folders = (Path(folder or ".") for folder in sys.path)
    return _homes(tuple((str(path), path.stat().st_mtime_ns) for path in folders if path.is_dir()))


@lru_cache(1)  # it reads the files of all packages
def _homes(_folders: tuple[tuple[str, int], ...]) -> Mapping[str, Sequence[str]]:
    from importlib.metadata import packages_distributions

    return packages_distributions()


def imported() -> dict[str, dict[str, str]]:
    """The packages that this process has imported: version and licence by the name that pip knows."""
    found = homes()
    tops = {name.partition(".")[0] for name in list(sys.modules)} - set(sys.stdlib_module_names)
    names = sorted({home for top in tops for home in found.get(top, ())}, key=str.lower)
    return {name: _about(name) for name in names}


def _about(name: str) -> dict[str, str]:
    from importlib.metadata import PackageNotFoundError, metadata

    try:
        found = metadata(name)
    except PackageNotFoundError:  # it was removed meanwhile
        return {"version": "", "licence": ""}
    return {"version": str(found["Version"]), "licence": licence_of(found)}


def licence_of(metadata: Any) -> str:
    """What a package says of its licence: the expression, else the classifiers, else the name."""
    expression = metadata.get("License-Expression")
    if expression:
        return str(expression)
    kinds = [
        line.rpartition(" :: ")[2]
        for line in metadata.get_all("Classifier", ())
        if line.startswith("License ::") and line != "License :: OSI Approved"
    ]
    if kinds:
        return " OR ".join(kinds)
    lines = str(metadata.get("License") or "").strip().splitlines()
    name = lines[0].strip() if lines else ""
    return name if len(name) <= _LONGEST and name.upper() != "UNKNOWN" else ""


def breaches(
    policy: Policy, requirements: Sequence[str], found: Mapping[str, Mapping[str, str]]
) -> list[str]:
    """What is against the policy, a sentence each.

    ``requirements`` are lines for pip; ``found`` is what :func:`imported` gives.
    """
    asks = policy.packages.allowed or policy.packages.denied
    versions = {name: str(about.get("version", "")) for name, about in found.items()}
    versions |= dict(map(_asked, requirements))
    why = list(_packages(policy, versions)) if asks else []
    if policy.licences.allowed or policy.licences.denied or not policy.licences.unknown:
        why += _licences(policy, versions, found)
    return why


def _asked(line: str) -> tuple[str, str]:
    """The package that a line asks for, and its one version; a line that pip obeys otherwise is itself."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(line)
    except InvalidRequirement:
        return " ".join(line.split()), ""
    pins = [one.version for one in found.specifier if one.operator in ("==", "===")]
    return found.name, pins[0] if len(pins) == 1 and not pins[0].endswith("*") else ""


def _packages(policy: Policy, versions: Mapping[str, str]) -> Iterator[str]:
    for name, version in versions.items():
        said = f"{name} {version}".strip()
        denied = next(
            (text for text in policy.packages.denied if _is_in(name, version, text, perhaps=True)), ""
        )
        if denied:
            yield f"{said} is not allowed: the policy denies {denied}"
        elif policy.packages.allowed and not _is_in_any(name, version, policy.packages.allowed):
            yield f"{said} is not among the packages that the policy allows"


def _is_in_any(name: str, version: str, texts: Iterable[str]) -> bool:
    return any(_is_in(name, version, text, perhaps=False) for text in texts)


def _is_in(name: str, version: str, text: str, *, perhaps: bool) -> bool:
    """Whether a package is one of those that ``text`` means; ``perhaps`` is for one of unknown version."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    wanted = Requirement(text)
    if canonicalize_name(wanted.name) != canonicalize_name(name):
        return False
    if wanted.specifier and not version:
        return perhaps
    return not wanted.specifier or wanted.specifier.contains(version, prereleases=True)


def _licences(
    policy: Policy, versions: Mapping[str, str], found: Mapping[str, Mapping[str, str]]
) -> Iterator[str]:
    for name in versions:
        licence = str((found.get(name) or _about(name)).get("licence", ""))
        if not licence:
            if not policy.licences.unknown:
                yield f"{name} says nothing of its licence, which the policy does not allow"
        elif _is_denied(policy, licence):
            yield f"{name} has the licence {licence}, which the policy does not allow"


def _is_denied(policy: Policy, licence: str) -> bool:
    """One of several licences to choose from is enough; those that count together have to be allowed all."""
    choices = [choice.strip(" ()") for choice in licence.split(" OR ")]
    return all(
        any(_is_bad(policy, part.strip(" ()")) for part in choice.split(" AND ")) for choice in choices
    )


def _is_bad(policy: Policy, licence: str) -> bool:
    plain = licence.partition(" WITH ")[0]
    if fits(licence, policy.licences.denied) or fits(plain, policy.licences.denied):
        return True
    allowed = policy.licences.allowed
    return bool(allowed) and not (fits(licence, allowed) or fits(plain, allowed))
