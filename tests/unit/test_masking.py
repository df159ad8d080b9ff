"""Secrets are masked before anything is written, by their name and by how they look."""

from __future__ import annotations

import io
import json
import os
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner

import mlops_jlab
from mlops_jlab import masking, telling
from mlops_jlab.cli.main import cli
from mlops_jlab.errors import InputError
from mlops_jlab.handoff.observing.environment import watch_environment
from mlops_jlab.retraining import alerts
from mlops_jlab.store import auditing, leaks, location, opening
from mlops_jlab.store.artifacts import read
from mlops_jlab.store.recorder import close_all

SECRETS = {
    "URL with a password": "postgresql://ada:hunter2@db.example:5432/x",
    "key in a URL": "https://example.org/x?api_key=0123456789abcdef&n=1",
    "GitHub token": "ghp_" + "a1B2" * 9,
    "GitLab token": "glpat-" + "x" * 20,
    "AWS key": "AKIA" + "ABCD1234" * 2,
    "Slack token": "xoxb-1234567890-abcdefghij",
    "API key": "sk-" + "proj-" + "a1" * 12,
    "Hugging Face token": "hf_" + "aB" * 17,
    "Google key": "AIza" + "a" * 35,
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijkl",
    "bearer token": "Authorization: Bearer abcdefghijklmnop0123",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEabc\n-----END RSA PRIVATE KEY-----",
}


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> location.Place:
    monkeypatch.setenv("MLOPS_JLAB_STORE", str(tmp_path / "s"))
    monkeypatch.chdir(tmp_path)
    return location.find()


@pytest.mark.parametrize("kind", SECRETS)
def test_each_kind_of_secret_is_known_by_its_look(kind: str) -> None:
    text = f"before {SECRETS[kind]} after"
    hidden = masking.masked(text, {})
    assert list(masking.found_in(text, {})) == [kind]
    assert list(masking.found_in(hidden, {})) == []
    assert masking.MASK in hidden
    assert hidden.startswith("before ")
    assert hidden.endswith(" after")
    assert masking.masked(hidden, {}) == hidden


def test_what_is_no_secret_stays() -> None:
    for text in (
        "https://example.org/a?b=c", "git@github.com:a/b.git", "s3://bucket/key", "task-123-sk-learn",
        "a.b.c", "http://localhost:8888/lab", "0.123", "monkey=banana", "eyJ", "AKIA", "mailto:a@b.c",
    ):  # fmt: skip
        assert masking.masked(text, {}) == text


def test_values_of_variables_named_like_secrets_are_masked_anywhere() -> None:
    environment = {
        "DB_PASSWORD": "correct-horse", "MyApiKey": "abcdefgh1", "TOKENIZER": "bert-base-uncased", "PWD": "/home/ada",
        "AWS_SECRET_ACCESS_KEY": "wJalr/x+y", "SECRETS_DIR": "/run/secrets", "MAX_TOKENS": "1000000000",
    }  # fmt: skip
    text = "correct-horse abcdefgh1 bert-base-uncased /home/ada wJalr/x+y /run/secrets/a 1000000000"
    assert (
        masking.masked(text, environment)
        == "*** *** bert-base-uncased /home/ada *** /run/secrets/a 1000000000"
    )


@pytest.mark.parametrize(
    ("name", "is_secret"),
    [("db_password", True), ("API_TOKEN", True), ("apiKey", True), ("aws.secretAccessKey", True), ("secret-key", True),
     ("tokenizer", False), ("key", False), ("monkey", False), ("passes", False), ("random_key", False)],
)  # fmt: skip
def test_names_of_secrets(name: str, is_secret: bool) -> None:
    assert masking.is_secret_name(name) is is_secret


def test_nothing_that_is_logged_holds_a_secret(
    place: location.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM_PASSWORD", "very-secret-value")
    url = SECRETS["URL with a password"]
    with suppress(RuntimeError), mlops_jlab.start_run(run_name=f"r {url}", description=url) as run:
        mlops_jlab.log_params(
            {"url": url, "nested": {"password": "xyz", "n": 1}, "max_tokens": 256, "p": "very-secret-value"}
        )
        mlops_jlab.set_tags({"t": SECRETS["GitHub token"], "auth_token": "short"})
        raise RuntimeError(f"cannot connect to {url}")
    close_all()
    found = mlops_jlab.get_run(run.id)
    assert found.params == {"url": "postgresql://ada:***@db.example:5432/x", "nested": '{"password": "***", "n": 1}',
                            "max_tokens": "256", "p": "***"}  # fmt: skip
    assert found.tags == {"t": "***", "auth_token": "***"}
    everything = b"".join(path.read_bytes() for path in place.root.rglob("*") if path.is_file())
    for secret in ("hunter2", "very-secret-value", "ghp_a1B2", "xyz"):
        assert secret.encode() not in everything
    assert list(leaks.find(place)) == []


def test_the_audit_log_and_the_diff_hold_none(
    place: location.Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLOPS_JLAB_NOTEBOOK", str(tmp_path / "a.py"))
    url = SECRETS["URL with a password"]
    subprocess.run(["git", "init", "-q", "."], check=True, cwd=tmp_path)
    (tmp_path / "a.py").write_text("x = 1\n")
    subprocess.run(["git", "add", "a.py"], check=True)
    words = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "x"]
    subprocess.run(words, check=True)
    (tmp_path / "a.py").write_text(f"x = '{url}'\n")
    with mlops_jlab.start_run() as run:
        pass
    close_all()
    facts = mlops_jlab.get_run(run.id).facts["git"]
    assert (facts["dirty"], facts["diff_masked"]) == (True, True)
    assert b"ada:***@db" in read(place, facts["diff"])
    with opening.writing(place) as connection:
        auditing.append(connection, "me", "do", "x", reason=url, details={"to": url})
        assert "hunter2" not in json.dumps(
            [(e.reason, dict(e.details)) for e in auditing.entries(connection)]
        )
        assert auditing.problem(connection) == ""


def test_what_is_stored_already_is_found_and_not_shown(place: location.Place) -> None:
    with mlops_jlab.start_run() as run:
        mlops_jlab.log_text(f"x = {SECRETS['AWS key']}", "code.py")
        run.recorder.put(["param", run.id, 1, "db_password", "hunter2", 1.0])
    close_all()
    told = CliRunner().invoke(cli, ["store", "secrets"], standalone_mode=False)
    assert told.return_value == 1
    assert f"artifact {run.id}/code.py: AWS key" in told.output
    assert f"run {run.id}, param 'db_password': named like a secret" in told.output
    assert "hunter2" not in told.output
    assert "AKIA" not in told.output


@pytest.mark.parametrize("value", ["command:'unbalanced hunter22", "nonsense-hunter22", "command:sh -c 'echo hunter22 >&2; exit 3'",
                                   "command:/nowhere/hunter22"])  # fmt: skip
def test_an_alert_from_the_environment_is_named_by_its_variable(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("apprise")
    monkeypatch.setenv("TEAM_ALERTS", value)
    try:
        alerts.check("env:TEAM_ALERTS")
        told = str(alerts.send(["env:TEAM_ALERTS"], alerts.Message("failed", "t", "b")))
    except InputError as error:
        told = str(error)
    assert "env:TEAM_ALERTS" in told
    assert "hunter22" not in told


def test_no_step_is_seen_to_look_at_the_environment_when_texts_are_masked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else every step that logs would depend on all variables, and none would come from the cache."""
    monkeypatch.setenv("TEAM_PASSWORD", "very-secret-value")
    before = os.environ._data  # type: ignore[attr-defined]
    asked: list[str] = []
    try:
        watch_environment(asked.append)
        assert masking.masked("a very-secret-value") == "a ***"
        telling.shows_colours(io.StringIO())
    finally:
        for table in (os.environ, os.environb):
            table._data = before  # type: ignore[attr-defined]
    assert asked == []
