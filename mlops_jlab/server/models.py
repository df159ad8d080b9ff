"""Routes of registered models: versions, promotion, rollback, cards."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from jupyter_server.auth.decorator import authorized
from tornado import web  # type: ignore[attr-defined]  # it lists no exports

from mlops_jlab.entities.models import CHAMPION, ModelVersion
from mlops_jlab.gates.rules import limit_of
from mlops_jlab.registry import comparing, packing, versions
from mlops_jlab.server.handling import Route, answered, aside
from mlops_jlab.store import auditing, evaluated, opening, replaying
from mlops_jlab.store.location import Place
from mlops_jlab.store.permitting import Waiting


class ModelsRoute(Route):
    """``GET models``: all versions of all models, the newest first."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """No arguments."""
        self.answer(await aside(_models, self.place))


def _models(place: Place) -> dict[str, Any]:
    found: dict[str, list[dict[str, Any]]] = {}
    for version in versions.all_versions(place):
        found.setdefault(version.model, []).append(plain(version))
    return {
        "models": [{"name": name, "versions": of_model} for name, of_model in found.items()],
        "writable": opening.is_writable(place),
    }


def plain(version: ModelVersion) -> dict[str, Any]:
    """A version as a list shows it."""
    gate = version.gate or {}
    return {
        "version": version.version, "created": version.created, "user": version.user, "run": version.run,
        "aliases": list(version.aliases), "size": version.size, "class": str(version.about.get("class", "")),
        "format": str(version.about.get("format", "")), "note": str(version.about.get("note", "")),
        "verdict": version.verdict, "why": str(gate.get("why", "")),
        "rules": [_rule(rule) for rule in gate.get("rules", [])],
    }  # fmt: skip


def _rule(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule's result with the limit that its estimate is held against."""
    limit = limit_of(str(rule["rule"]))
    return {
        **rule, "limit": limit.value if limit else None, "below": bool(limit and limit.below),
        "difference": limit is None or limit.difference,
    }  # fmt: skip


class PromoteRoute(Route):
    """``POST models/promote``: an alias points at another version, if nobody has moved it meanwhile."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``model``, ``version``; ``alias``, ``reason``, ``expected`` (0: none) and ``override``."""
        body = self.body(model=str, version=int, alias=str, reason=str, expected=int, override=bool)
        self.answer(await aside(_promote, self.place, body))


def _promote(place: Place, body: dict[str, Any]) -> dict[str, Any]:
    moved = versions.promote(
        place, f"{body.get('model', '')}/{body.get('version', 0)}", body.get("alias", CHAMPION),
        reason=body.get("reason", ""), expected=body.get("expected"), override=body.get("override", False),
    )  # fmt: skip
    return {"before": moved.before, "after": moved.after}


class ApproveRoute(Route):
    """``POST models/approve``: whom the server has recognised approves of a version."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``model``, ``version``; ``alias`` and ``reason``."""
        body = self.body(model=str, version=int, alias=str, reason=str)
        self.answer(await aside(_approve, self.place, body))


def _approve(place: Place, body: dict[str, Any]) -> dict[str, Any]:
    alias = body.get("alias", CHAMPION)
    address = f"{body.get('model', '')}/{body.get('version', 0)}"
    version = versions.approve(place, address, alias, reason=body.get("reason", ""))
    return {"waits": plain_waiting(versions.waiting(place, version, alias))}


def plain_waiting(found: Waiting | None) -> dict[str, Any] | None:
    """The approvals that a version waits for, as JSON."""
    return None if found is None else asdict(found)


class DescribeRoute(Route):
    """``POST models/describe``: what people say of a version."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``model``, ``version``; ``intended_use``, ``limits`` or both."""
        body = self.body(model=str, version=int, intended_use=str, limits=str)
        self.answer(await aside(_describe, self.place, body))


def _describe(place: Place, body: dict[str, Any]) -> dict[str, Any]:
    address = f"{body.pop('model', '')}/{body.pop('version', 0)}"
    found = versions.describe(place, address, body)
    return {name: str(found.about.get(name) or "") for name in ("intended_use", "limits")}


class RollbackRoute(Route):
    """``POST models/rollback``: an alias points at the version before again."""

    @web.authenticated
    @authorized
    @answered
    async def post(self) -> None:
        """``model``; ``alias`` and ``reason``."""
        body = self.body(model=str, alias=str, reason=str)
        self.answer(await aside(_roll_back, self.place, body))


def _roll_back(place: Place, body: dict[str, Any]) -> dict[str, Any]:
    moved = versions.roll_back(
        place, body.get("model", ""), body.get("alias", CHAMPION), reason=body.get("reason", "")
    )
    return {"before": moved.before, "after": moved.after}


class CardRoute(Route):
    """``GET models/card``: the model card of a version, as Markdown."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``address``: such as ``flights/3``."""
        self.answer({"text": await aside(_card, self.place, self.get_argument("address"))})


def _card(place: Place, address: str) -> str:
    return packing.card_of(place, versions.find(place, address))


class EvaluationRoute(Route):
    """``GET models/evaluation``: the newest evaluation of a version."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``address``: such as ``flights/3``."""
        self.answer({"evaluation": await aside(_evaluation, self.place, self.get_argument("address"))})


def _evaluation(place: Place, address: str) -> dict[str, Any] | None:
    version = versions.find(place, address)
    with opening.reading(place) as connection:
        return evaluated.newest(connection, place, version)


class CompareVersionsRoute(Route):
    """``GET models/compare``: versions side by side."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """``address``, several times."""
        addresses = list(dict.fromkeys(self.get_arguments("address")))[:10]
        self.answer(await aside(_compare, self.place, addresses))


def _compare(place: Place, addresses: list[str]) -> dict[str, Any]:
    found = [versions.find(place, address) for address in addresses]
    return {
        "titles": [version.title for version in found],
        "lines": [
            {"kind": line.kind, "name": line.name, "values": list(line.values), "differs": line.differs}
            for line in comparing.compare(place, found)
        ],
    }


class AuditRoute(Route):
    """``GET audit``: the newest entries, and whether the chain is whole."""

    @web.authenticated
    @authorized
    @answered
    async def get(self) -> None:
        """No arguments."""
        self.answer(await aside(_audit, self.place))


def _audit(place: Place) -> dict[str, Any]:
    if not opening.exists(place):
        return {"entries": [], "problem": ""}
    with opening.reading(place) as connection:
        found = auditing.entries(connection, 200)
        problem = "; ".join(filter(None, [auditing.problem(connection), *replaying.problems(connection)]))
    entries = [
        {"seq": e.seq, "at": e.at, "who": e.who, "action": e.action, "subject": e.subject, "reason": e.reason}
        for e in found
    ]
    return {"entries": entries, "problem": problem}
