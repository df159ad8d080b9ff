"""Registering models, finding versions, promoting and rolling back: what every face calls."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from mlops_jlab.entities.models import CHAMPION, ModelVersion, check_model_name, parse_address
from mlops_jlab.entities.runs import Artifact
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.registry import modelfiles, signatures
from mlops_jlab.store import artifacts, opening, reading, registering
from mlops_jlab.store.location import Place
from mlops_jlab.tracking import contents, starting
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
    data: Any = None, run: LiveRun | None = None,
) -> ModelVersion:  # fmt: skip
    """Saves a fitted model as the next version of the registered model ``name``.

    ``example`` are some rows that it can predict, for its signature; ``data`` is what it was fitted on, kept
    as a fingerprint. The version belongs to ``run``, or to none.

    Raises:
        InputError: ``name`` is none, or the model cannot predict ``example``.
        StoreError: the store cannot be written.
    """
    check_model_name(name)
    writer = run.recorder if run is not None else starting.recorder()
    files = contents.model(model)
    about: dict[str, Any] = json.loads(files["model.json"])
    try:
        about["signature"] = signatures.signature(model, example)
    except Exception as error:  # whatever a model's own code raises
        raise InputError(
            f"the model {name!r} cannot predict the example: {type(error).__name__}: {error}",
            hint="give rows with the columns that it was fitted on",
        ) from error
    about |= {
        "requirements": signatures.requirements(model), "note": note,
        "metrics": {key: float(value) for key, value in (metrics or {}).items()},
    }  # fmt: skip
    if data is not None:
        about["data"] = contents.fingerprint(data)
    saved = [
        Artifact(path, *artifacts.put(writer.place, [content]))
        for path, content in files.items()
        if path != "model.json"
    ]
    about["signed"] = modelfiles.signature_of(saved[0].digest)
    writer.open_database()
    writer.flush()
    whole = whole_of(writer.place, run) if run is not None else ""
    with opening.writing(writer.place) as connection:
        number = registering.add(
            connection, name, saved, about, who=starting.who(), run=run.id if run else "", whole=whole
        )
        version = registering.find(connection, parse_address(f"{name}/{number}"))
    if run is not None:
        run.set_tag(f"model.{name}", str(number))
    return version


def whole_of(place: Place, run: LiveRun) -> str:
    """The id of the run that a run is part of: the pipeline's for a step's."""
    with suppress(MlopsError), opening.reading(place) as connection:
        return reading.find(connection, run.id).parent or run.id
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

    ``expected`` is the version that the alias pointed at when the decision was made. A version whose gate did
    not pass becomes champion only with ``override``, which needs a reason; so does one that ``asked_by`` has
    made a challenger, where it is the same person who promotes it.

    Raises:
        InputError: there is no such version, its gate stands against it, or somebody else has to approve.
        ConflictError: the alias was moved meanwhile.
    """
    with opening.writing(place) as connection:
        version = registering.find(connection, parse_address(address))
        against = version.verdict not in ("", "pass") and alias == CHAMPION
        if against and not override:
            raise InputError(
                f"the gate of {version.title} says: {version.verdict}",
                hint="keep the champion, or override the gate with a reason: --override --reason TEXT",
            )
        whose = by or starting.who()
        own = alias == CHAMPION and registering.asked_by(connection, version) == whose
        if own and not override:
            raise InputError(
                f"{version.title} has to be approved by somebody else than {whose}",
                hint="ask a colleague, or give a reason: --override --reason TEXT",
            )
        if override and not reason.strip():
            raise InputError("a gate is overridden with a reason", hint="add --reason TEXT")
        details = {"gate": version.verdict or "none", **({"asked by": asked_by} if asked_by else {})}
        action = "override gate" if against else "override approval" if own else "promote"
        before = registering.point(
            connection, version, alias, expected=expected, who=whose, action=action, reason=reason,
            details=details,
        )  # fmt: skip
    return Moved(version.model, alias, before, version.version)


def roll_back(
    place: Place, model: str, alias: str = CHAMPION, *, to: int = 0, reason: str = "", by: str = ""
) -> Moved:
    """Lets an alias point at an earlier version again: the one before, or ``to``.

    Raises:
        InputError: there is no earlier one.
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
        before = registering.point(
            connection,
            version,
            alias,
            expected=now.version,
            who=by or starting.who(),
            action="roll back",
            reason=reason,
        )
    return Moved(model, alias, before, version.version)


def delete(place: Place, address: str, *, reason: str = "") -> ModelVersion:
    """Removes a version that no alias points at; its number is not used again."""
    with opening.writing(place) as connection:
        version = registering.find(connection, parse_address(address))
        registering.remove(connection, version, who=starting.who(), reason=reason)
    return version


def all_versions(place: Place, model: str = "", whole: str = "") -> list[ModelVersion]:
    """Versions, the newest first: of one model, of one run, or all; nothing where there is no store."""
    if not opening.exists(place):
        return []
    with opening.reading(place) as connection:
        return registering.versions(connection, model, whole)
