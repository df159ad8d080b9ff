"""Secrets are masked before anything is written, by their name and by how they look."""

from __future__ import annotations

import base64
import html
import io
import json
import os
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, quote_plus

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

import mlops_jlab
import mlops_jlab.mlflow as mlflow
from mlops_jlab import gate, interpreter, masking, telling
from mlops_jlab.cli.main import cli
from mlops_jlab.engine.step.outputs import CellOutputs, Displays
from mlops_jlab.engine.step.steplog import step_log
from mlops_jlab.errors import InputError
from mlops_jlab.handoff.observing.environment import watch_environment
from mlops_jlab.handoff.scalars import scalars_of
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


PASSWORD = 'p&ss"w<rd/é\\x+12'
FORMS = {
    "JSON": json.dumps(PASSWORD), "JSON in JSON": json.dumps(json.dumps({"a": PASSWORD})),
    "JSON as UTF-8": json.dumps(PASSWORD, ensure_ascii=False), "Python": repr(PASSWORD),
    "HTML": html.escape(PASSWORD), "HTML, quotes as they are": html.escape(PASSWORD, quote=False),
    "address": quote(PASSWORD), "part of an address": quote(PASSWORD, safe=""), "form": quote_plus(PASSWORD),
    "hexadecimal": PASSWORD.encode().hex(), "base64": base64.b64encode(PASSWORD.encode()).decode(),
    **{f"Basic {user}": base64.b64encode(f"{user}:{PASSWORD}:".encode()).decode() for user in ("a", "ab", "abc")},
    "base64 for addresses": base64.urlsafe_b64encode(f"é{PASSWORD}".encode()).decode(),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_the_value_of_a_variable_is_known_in_each_form_that_texts_have(form: str) -> None:
    environment, text = {"DB_PASSWORD": PASSWORD}, f"before {FORMS[form]} after"
    hidden = masking.masked(text, environment)
    assert masking.MASK in hidden
    assert len(hidden) < len("before *** after") + 16  # what stands around it, in base64 or quotes
    assert list(masking.found_in(text, environment)) == ["value of an environment variable"]
    assert list(masking.found_in(hidden, environment)) == []


@pytest.mark.parametrize("end", ["\n", "\r\n", "  \n    ", "\n\t"])
def test_a_value_that_goes_on_in_the_next_line_is_masked(end: str) -> None:
    """As where a narrow window, a printed dict or wrapped base64 breaks it."""
    value = "Zq9vXw3LmT7pRkD2hB5n" * 3
    environment = {"DB_PASSWORD": value, "PIN_TOKEN": "abcd\u0031234"}
    text = f"before {value[:9]}{end}{value[9:40]}{end}{value[40:]} after\nand"
    assert masking.masked(text, environment) == "before *** after\nand"
    assert list(masking.found_in(text, environment)) == ["value of an environment variable"]
    wrapped = base64.encodebytes(f"user:{value}".encode()).decode()  # 76 characters a line
    assert "\n" in wrapped.strip()
    assert masking.MASK in masking.masked(wrapped, environment)
    assert masking.masked("ab\ncd1234", environment) == "ab\ncd1234"  # short ones are words by chance


def test_reports_and_profiles_of_data_with_secrets_hold_none(
    place: location.Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a gate, an evaluation, a card and a profile tell of groups, categories and rows."""
    value, token = "Zq9vXw3LmT7pRkD2hB5n", SECRETS["GitHub token"]
    monkeypatch.setenv("DB_PASSWORD", value)
    random = np.random.default_rng(0)
    rows = pd.DataFrame({"a": random.normal(size=400), "b": random.normal(size=400)})
    rows = rows.assign(who=np.where(random.random(400) < 0.5, value, token), y=(rows.a > 0).astype(int))
    taken = rows[["a", "b", "who"]]
    model = make_pipeline(ColumnTransformer([("numbers", "passthrough", ["a", "b"])]), LogisticRegression())
    model.fit(taken, rows.y)
    with mlops_jlab.start_run():
        mlops_jlab.register_model(model, "m", data=taken, input_example=taken)
        rules = f"accuracy above 0.5\nslice who == {value}\ngap accuracy by who below 0.9"
        shown = gate.compare(model, rows, "y", name="m", rules=rules, bootstrap=True)
        mlops_jlab.evaluate(model, rows, "y", name="m", groups="who")
    assert token in str(shown.rules)  # who has asked may see it; what it shows is masked on its way
    card = CliRunner().invoke(cli, ["models", "card", "m"]).output
    assert "gap accuracy by who" in card
    for text in (card, CliRunner().invoke(cli, ["models", "show", "m", "--format", "json"]).output):
        assert value not in text
        assert token not in text.replace("\\", "")
    assert list(leaks.find(place)) == []


def test_no_name_note_or_tag_holds_a_secret(place: location.Place) -> None:
    token = SECRETS["GitHub token"]
    client = mlflow.MlflowClient()
    mlops_jlab.set_experiment(f"exp {token}")
    with mlops_jlab.start_run() as run:
        mlops_jlab.log_param(f"p {token}", 1)
        mlops_jlab.log_metric(f"m {token}", 1.0)
        mlops_jlab.set_tag(f"t {token}", "x")
    close_all()
    found = mlops_jlab.get_run(run.id)
    assert (found.params, list(found.metrics), found.tags["t ***"]) == ({"p ***": "1"}, ["m ***"], "x")
    client.set_experiment_tag("1", "k", token)
    client.create_registered_model("m", tags={"k": token, "auth_token": "x"}, description=token)
    client.set_registered_model_tag("m", token, token)
    client.update_registered_model("m", f"see {token}")
    model = client.get_registered_model("m")
    assert (model.tags, model.description) == ({"k": "***", "auth_token": "***", "***": "***"}, "see ***")
    client.delete_registered_model_tag("m", token)
    assert "***" not in client.get_registered_model("m").tags
    assert list(leaks.find(place)) == []


def test_whatever_column_of_the_store_holds_a_secret_is_named(place: location.Place) -> None:
    client = mlflow.MlflowClient()
    client.create_registered_model("m")
    with opening.writing(place) as connection:
        connection.execute("UPDATE models SET note = ?", (SECRETS["AWS key"],))
    assert list(leaks.find(place)) == [leaks.Leak("table models, column note", "AWS key")]


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


LONG = "z" * 70_000
SPOKEN = f"""a very-secret-value bä
x {SECRETS["AWS key"]} \r y
{SECRETS["private key"]}
{LONG}very-secret-value{"q" * 3000}{SECRETS["GitHub token"]}{"r" * 5000}
abcdefghijklmnop1234567
the end"""
KNOWN = {"MY_TOKEN": "very-secret-value", "MY_PRIVATE_KEY": "first\nabcdefghijklmnop1234567\nlast"}


@pytest.mark.parametrize("size", [1000, 4099, 65536])
def test_a_secret_that_is_cut_in_two_is_masked(size: int) -> None:
    lines, said = masking.MaskedLines(KNOWN), SPOKEN.encode()
    found = b"".join(lines.take(said[at : at + size]) for at in range(0, len(said), size)) + lines.end()
    text = found.decode()
    assert text.replace("z", "") == masking.masked(SPOKEN.replace(LONG, ""), KNOWN).replace("z", "")
    assert list(masking.found_in(text.replace("z", ""), KNOWN)) == []


def test_each_place_of_a_cut_is_the_same_to_a_log() -> None:
    said = SPOKEN.partition("\n" + LONG)[0].encode() + b" very-secret-value ok"
    whole = masking.masked(said.decode(), KNOWN).encode()
    for place in range(len(said)):
        lines = masking.MaskedLines(KNOWN)
        assert lines.take(said[:place]) + lines.take(said[place:]) + lines.end() == whole
    lines = masking.MaskedLines(KNOWN)
    assert lines.take(b"one\ntwo very-sec") == b"one\n"
    assert lines.take(b"ret-value\n") == b"two ***\n"
    endless = [lines.take(line) for line in (b"-----BEGIN PRIVATE KEY-----\n", *[b"a" * 999 + b"\n"] * 100)]
    assert (endless[1], b"KEY-----***" in b"".join(endless)) == (b"", True)  # no key is so long
    lines.end()
    assert lines.take(b"\xc3") + lines.take(b"\xa4\xff\n") == b"\xc3\xa4\xff\n"


def test_what_a_process_says_is_masked_before_it_is_in_its_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its log is written by a process of its own, or by the runner, also after the one who has started it."""
    monkeypatch.setenv("MY_TOKEN", "very-secret-value")
    script = "import os, time; [os.write(1, p) or time.sleep(0.05) for p in (b'x very-sec', b'ret-value y\\nlast')]"
    log = tmp_path / "logs" / "run.log"
    with interpreter.masked_log(log) as writer:
        assert log.read_text() == ""
        subprocess.run(interpreter.words("-c", script), stdout=writer.stdin, check=True)
    assert writer.wait(30) == 0
    assert log.read_text() == "x *** y\nlast"
    assert (log.stat().st_mode & 0o777, log.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    own = tmp_path / "step.log"
    with step_log(own) as file:
        subprocess.run(interpreter.words("-c", script), stdout=file, check=True)
        later = os.dup(file.fileno())
    assert own.read_text() == "x *** y\nlast"
    os.write(later, b" and very-secret-value\n")
    os.close(later)
    threads = [thread for thread in threading.enumerate() if thread.name == "log of step"]
    [thread.join(10) for thread in threads]
    assert own.read_text() == "x *** y\nlast and ***\n"
    assert own.stat().st_mode & 0o777 == 0o600


def test_who_speaks_goes_on_though_nobody_can_write_the_log(tmp_path: Path) -> None:
    with interpreter.masked_log(tmp_path) as writer:  # a folder
        subprocess.run(interpreter.words("-c", "print('x' * 1_000_000)"), stdout=writer.stdin, check=True)
    assert writer.wait(30) == 0


def test_what_is_shown_is_masked_and_pictures_and_styles_are_left_alone() -> None:
    token, style = (
        SECRETS["GitHub token"],
        "<style>#sk-container-id-1 div.sk-toggleable__label-arrow{}</style>",
    )
    cell = CellOutputs(Displays())
    data = {"text/html": f"{style}<b>{token}</b>", "application/json": {"k": [token]}, "image/png": token}
    cell.take("display_data", {"data": data, "metadata": {}})
    cell.take("execute_result", {"data": {"text/plain": f"'{token}'"}, "metadata": {}, "execution_count": 1})
    shown, result = cell.settled()
    assert shown.data == {
        "text/html": f"{style}<b>***</b>", "application/json": {"k": ["***"]}, "image/png": token
    }  # fmt: skip
    assert result.data == {"text/plain": "'***'"}


def test_a_variable_that_looks_like_a_secret_is_not_recorded() -> None:
    names = {"one": SECRETS["AWS key"], "two": "plain", "my_token": "hunter2", "three": 3}
    assert scalars_of(names) == {"two": "plain", "three": 3}
