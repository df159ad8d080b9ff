"""Personal columns appear nowhere: not in outputs, profiles, checks, gates, params, tables or reports."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_jlab.store import auditing, opening, reading
from mlops_jlab.store.location import Place

POLICY = "version: 1\npersonal: {masked: [email, '*name', born], hashed: [iban]}\ndata: {roots: ['..']}\n"
SECRETS = ("secret-anna", "secret-bob", "Mustermann", "SECRETIBAN", "1971-03")
CELLS = [
    ("setup", "import pandas as pd\nfrom mlops_jlab import log_param, log_table, log_dict, profile, set_tag"),
    ("step:load", "df = pd.read_csv('people.csv', parse_dates=['born'])\ndf"),
    ("step:load", "print(df.head())\nprint(df.to_string(), df.iloc[0], df['email'], df.T)\ndf.describe(include='all')"),
    ("step:load", "df.groupby('email').size()"),
    ("step:load", "df.set_index(['email', 'iban']).head()"),
    ("step:styled", "df.style"),
    ("step:load", "email = df.email[0]\nlog_param('email', email)\nlog_param('options', {'iban': df.iban[0], 'deep': [{'last_name': df.last_name[0]}]})\nset_tag('email', email)"),
    ("step:load", "log_table(df, 'people.csv')\nlog_dict({'rows': [{'email': email, 'x': 1}], 'born': [str(df.born[0])]}, 'people.json')"),
    ("step:load", "print(profile(df))\nprofile(df)"),
    ("step:check", "from mlops_jlab import check_data\ncheck_data(df, 'warn: x below 3\\nwarn: email unique\\nwarn: email matches ^x\\nwarn: born fresh within 1 day\\nwarn: last_name in a, b', name='people')"),
    ("step:train", "from mlops_jlab import gate, register_model\nfrom sklearn.tree import DecisionTreeClassifier\nmodel = DecisionTreeClassifier(max_depth=2).fit(df[['x']], df['y'])\nversion = register_model(model, 'people', input_example=df[['x']], data=df)"),
    ("step:train gate", "gate.compare(model, df, 'y', name='people', rules='accuracy above 0.1\\nslice last_name\\nslice email\\ngap accuracy by iban below 0.9', bootstrap=True, importance=False)"),
]  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.conftest import notebook_json

    folder = tmp_path_factory.mktemp("people")
    rows = ["email,last_name,iban,born,x,y"] + [
        f"secret-{'anna' if k % 2 else 'bob'}@x.org,Mustermann{k % 3},SECRETIBAN{k % 4},1971-03-0{k % 9 + 1},{k},{int(k % 5 > 1)}"
        for k in range(120)
    ]
    (folder / "people.csv").write_text("\n".join(rows) + "\n")
    (folder / "nb.ipynb").write_text(json.dumps(notebook_json(CELLS)))
    (folder / "store").mkdir()
    (folder / "store" / "policy.yaml").write_text(POLICY)
    done = run(folder, "run", "nb.ipynb", "-o", "out")
    assert done.returncode == 0, done.stderr
    return folder


def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "MLOPS_JLAB_STORE": str(folder / "store"),
        "MLOPS_JLAB_PERSONAL_KEY": "a key",
    }
    return subprocess.run(
        [str(Path(sys.executable).with_name("mlops-jlab")), *words], cwd=folder, env=environment, text=True, capture_output=True, check=False,
    )  # fmt: skip


def found_in(path: Path) -> set[str]:
    data = path.read_bytes()
    return {secret for secret in SECRETS if secret.encode() in data}


def test_no_value_is_in_what_the_run_has_left(ran: Path) -> None:
    places = [ran / "out" / "executed", ran / "out" / "report.html", ran / "out" / "run.json", ran / "store"]
    files = [path for place in places for path in ([place] if place.is_file() else place.rglob("*"))]
    leaks = {
        str(path.relative_to(ran)): found_in(path)
        for path in files
        if path.is_file() and "cache" not in path.parts and found_in(path)
    }
    assert not leaks


def test_what_is_not_personal_is_shown_and_what_is_hashed_can_be_told_apart(ran: Path) -> None:
    text = (ran / "out" / "executed" / "load.ipynb").read_text()
    assert "***" in text
    assert "#" in text
    with opening.reading(Place(ran / "store")) as connection:
        whole = reading.find(connection, "nb-out")
        steps = {step.name: step for step in reading.children(connection, whole)}
        files = {file.path for step in steps.values() for file in reading.artifacts(connection, step)}
    assert steps["load"].params["email"] == "***"
    assert "Mustermann" not in steps["load"].params["options"]
    assert {"people.csv", "people.json", "checks/people-rows.csv", "gate/people.json"} <= files
    rows = run(ran, "runs", "export", "check", "-o", "exported")
    assert rows.returncode == 0, rows.stderr
    (table,) = (ran / "exported").rglob("people-rows.csv")
    head, first, *_rest = table.read_text().splitlines()
    assert head == "row,breaks,email,last_name,iban,born,x,y"
    assert first.rsplit(",", 6)[1:3] == ["***", "***"]
    assert first.rsplit(",", 6)[3].startswith("#")


def test_the_model_is_followed_back_to_cells_and_file_and_the_file_to_the_model(ran: Path) -> None:
    back = json.loads(run(ran, "lineage", "people/1", "--format", "json").stdout)
    nodes = {node["id"]: node for node in back["nodes"]}
    assert back["root"] == "model:people/1"
    steps = {node["name"]: node["about"] for node in nodes.values() if node["kind"] == "step"}
    assert [cell["id"] for cell in steps["train"]["cells"]] == ["c11", "c12"]
    (file,) = [node for node in nodes.values() if node["kind"] == "file" and node["name"] == "people.csv"]
    assert file["about"]["digest"]
    assert [node["name"] for node in nodes.values() if node["kind"] == "notebook"] == ["nb.ipynb"]
    (ran / "copy.csv").write_bytes((ran / "people.csv").read_bytes())
    on = run(ran, "lineage", "copy.csv")
    assert "model people/1" in on.stdout, on.stdout + on.stderr
    assert not [secret for secret in SECRETS if secret in on.stdout + json.dumps(back)]


def test_a_step_is_cached_all_the_same(tmp_path: Path, write_notebook: Callable[..., Path]) -> None:
    (tmp_path / "a.csv").write_text("email,x\na@b,1\n")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "policy.yaml").write_text(POLICY)
    code = "import pandas as pd, mlops_jlab\ndf = pd.read_csv('a.csv')\nmlops_jlab.log_param('email', df.email[0])\ndf"
    write_notebook([("step:a", code)])
    assert run(tmp_path, "run", "nb.ipynb", "-o", "out").returncode == 0
    assert "cached" in run(tmp_path, "run", "nb.ipynb", "-o", "again").stderr


def test_data_profile_and_data_show_have_no_value(ran: Path) -> None:
    shown = run(ran, "data", "profile", "people.csv", "--format", "json")
    added = run(ran, "data", "add", "people", "people.csv")
    told = run(ran, "data", "show", "people", "--format", "json")
    for done in (shown, added, told):
        assert done.returncode == 0, done.stderr
        assert not [secret for secret in SECRETS if secret in done.stdout + done.stderr]


def test_a_step_cannot_open_data_from_elsewhere(tmp_path: Path, write_notebook: Callable[..., Path]) -> None:
    (tmp_path / "a.csv").write_text("x\n1\n")
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / "b.csv").write_text("x\n1\n")
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "policy.yaml").write_text("version: 1\ndata: {roots: [work]}\n")
    write_notebook(
        [("step:a", "import pandas as pd\npd.read_csv('work/b.csv')"), ("step:b", "pd.read_csv('a.csv')")]
    )
    done = run(tmp_path, "run", "nb.ipynb", "-o", "out")
    assert done.returncode == 1
    assert "does not allow data from" in done.stderr
    with opening.reading(Place(tmp_path / "store")) as connection:
        assert any("a.csv" in e.subject for e in auditing.entries(connection) if "policy" in e.action)


def test_nothing_runs_under_a_policy_that_cannot_be_read(
    tmp_path: Path, write_notebook: Callable[..., Path]
) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "policy.yaml").write_text("version: 1\npersonal: [x]\n")
    write_notebook([("step:a", "x = 1")])
    done = run(tmp_path, "run", "nb.ipynb", "-o", "out")
    assert done.returncode == 2
    assert "policy.yaml:2: personal must be object" in done.stderr
