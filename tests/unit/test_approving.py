"""Approving through the server: in the name that it has recognised, and never by who registered the version."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.identity import IdentityProvider, User

import mlops_jlab
from mlops_jlab.store.recorder import close_all
from mlops_jlab.tracking import lifecycle
from tests.unit.test_routes import ask, refused

pytest_plugins = ["pytest_jupyter.jupyter_server"]
pytestmark = pytest.mark.filterwarnings("ignore")
POLICY = "version: 1\npromotion:\n  - {alias: champion, approval: {by: [bob, carl, anna], count: 2}}\n"


class SignOn(IdentityProvider):
    """A sign-on in front of the server, which says who asks."""

    async def get_user(self, handler: Any) -> User | None:
        """Whoever has the token, by the name in a header."""
        user = await super().get_user(handler)  # type: ignore[misc]  # it returns an awaitable
        return user and User(username=handler.request.headers.get("X-Person", "anna"))


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"mlops_jlab.server": True}, "identity_provider_class": SignOn}
    }


@pytest.fixture(autouse=True)
def version(jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Anna has registered a version; the policy asks that two others approve of it."""
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(jp_root_dir / ".mlops"))
    with lifecycle.acting_as("anna"):
        mlops_jlab.register_model({"weights": 1}, "m")
    close_all()
    (jp_root_dir / ".mlops" / "policy.yaml").write_text(POLICY)


def by(person: str) -> dict[str, Any]:
    wish = {"model": "m", "version": 1, "reason": "looks well"}
    return {"method": "POST", "body": json.dumps(wish), "headers": {"X-Person": person}}


async def test_two_others_approve_and_the_page_says_who(jp_fetch: Any) -> None:
    async def waits(person: str) -> Any:
        found = await ask(jp_fetch, "models", "history", params={"name": "m"}, headers={"X-Person": person})
        return found["versions"][0]["waits"]

    assert (await waits("bob")) == {"count": 2, "by": ["bob", "carl", "anna"], "given": [], "against": ""}
    assert "somebody else" in (await waits("anna"))["against"]
    assert "approval is for" in (await waits("mallory"))["against"]
    code, said = await refused(jp_fetch, "models", "approve", **by("anna"))
    assert code == 400
    assert "registered by anna" in str(said)
    found = await ask(jp_fetch, "models", "approve", **by("bob"))
    assert [name.partition("@")[0] for name in found["waits"]["given"]] == ["bob"]
    assert (await waits("bob"))["against"] == "you have approved"
    wish = {"method": "POST", "body": json.dumps({"model": "m", "version": 1})}
    assert (await refused(jp_fetch, "models", "promote", headers={"X-Person": "anna"}, **wish))[0] == 403
    await ask(jp_fetch, "models", "approve", **by("carl"))
    moved = await ask(jp_fetch, "models", "promote", headers={"X-Person": "anna"}, **wish)
    assert moved == {"before": 0, "after": 1}
    assert await waits("bob") is None  # it is champion
    log = await ask(jp_fetch, "audit")
    approvals = [entry for entry in log["entries"] if entry["action"] == "approve"]
    assert [entry["who"].partition("@")[0] for entry in approvals] == ["carl", "bob"]
    assert {entry["reason"] for entry in approvals} == {"looks well"}
    assert log["problem"] == ""


async def test_who_registered_is_the_same_person_at_another_machine(
    jp_fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "elsewhere")
    assert (await refused(jp_fetch, "models", "approve", **by("anna")))[0] == 400


async def test_without_a_policy_nothing_is_waited_for(jp_fetch: Any, jp_root_dir: Path) -> None:
    (jp_root_dir / ".mlops" / "policy.yaml").unlink()
    found = await ask(jp_fetch, "models", "history", params={"name": "m"})
    assert found["versions"][0]["waits"] is None
