"""The files of other engines: what they say, what they cannot say, and that nothing is lost in quoting."""

from __future__ import annotations

import ast
import json
import shlex
import subprocess
import sys
import types
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlops_jlab.errors import ExportError, InputError, ParameterError
from mlops_jlab.pipeline.export import graph_of
from mlops_jlab.targets import fusing, naming, quoting, timers, writing
from mlops_jlab.targets.form import Wishes
from tests.conftest import notebook_json

ODD = 'O\'B "x" $(id) `id` {{ y }} ${{ z }} {% raw %}\n%d \\n %%\ttab # no: "yes"'
CELLS = [
    ("parameters", "rows: int = 10\ncity: str = 'Rome'\nrate: float = 0.5\nfull: bool = False"),
    ("step:load", "data = list(range(rows))"),
    ("step:train_a", "a = sum(data) * rate"),
    ("step:train-b", "b = max(data)"),
    ("step:join gate", "print(a, b, city, full)"),
]
SETTINGS = {
    "train_a": {"retries": 2, "backoff": 5, "timeout": 600, "memory": "1 GB", "cpus": 2},
    "join": {"when": "rows > 3"},
}


def write(folder: Path, cells: Any = CELLS, steps: Any = None) -> Path:
    node = notebook_json(cells)
    node["metadata"]["mlops_jlab"] = {"steps": dict(SETTINGS if steps is None else steps)}
    path = folder / "nb.ipynb"
    path.write_text(json.dumps(node))
    return path


def prepare(
    folder: Path, name: str, cells: Any = CELLS, steps: Any = None, groups: Any = (), **wishes: Any
) -> writing.Prepared:
    graph = graph_of(write(folder, cells, steps))
    return writing.prepare(graph, writing.target_of(name), folder / "out", Wishes(**wishes), groups)


def texts(prepared: writing.Prepared) -> Mapping[str, str]:
    return prepared.target.files(prepared.form, prepared.place)


def test_a_last_task_promotes_where_tasks_share_a_run_table(tmp_path: Path) -> None:
    for name, file, words in (
        ("slurm", "submit.sh", 'submit @champion --dependency=afterok:"${job[join]}"'),
        ("airflow", "nb_dag.py", "step_join >> step__champion"),
        ("dagster", "nb_assets.py", '@dg.asset(name="_champion", deps=[join_step])'),
    ):
        prepared = prepare(tmp_path, name, promote="champion")
        assert words in texts(prepared)[file]
        assert not any(said.startswith("promotion") for said in prepared.target.lost(prepared.form))
    pods = prepare(tmp_path, "argo", promote="champion", store="s3://b")
    assert [said.partition(":")[0] for said in pods.target.lost(pods.form)] == [
        "registered models (join)", "promotion (champion)",
    ]  # fmt: skip
    assert len(pods.form.tasks) == 4


ASKED = {"cron": "30 4 * * 1-5", "zone": "Europe/Berlin", "store": "s3://bucket/runs", "image": "r/nb:1"}


@pytest.mark.parametrize("name", writing.NAMES)
def test_every_target_writes_whole_files_of_its_own_and_says_what_it_leaves_out(
    name: str, tmp_path: Path
) -> None:
    prepared = prepare(tmp_path, name, values={"city": ODD, "rows": "7"}, **ASKED)
    for path in writing.write(prepared):
        text = path.read_text("utf-8")
        assert writing.MARK in text[:1000]
        if path.suffix in (".yaml", ".yml"):
            yaml.safe_load(text)
        elif path.suffix == ".py":
            compile(text, str(path), "exec")
        elif path.suffix == ".sh":
            subprocess.run(["bash", "-n", str(path)], check=True)
    assert (prepared.place.output / prepared.place.export / "pipeline.yaml").is_file()
    again = {path: path.read_bytes() for path in writing.write(prepared)}
    assert again == {path: path.read_bytes() for path in writing.write(prepared)}
    for sentence in prepared.target.lost(prepared.form):
        assert "(" in sentence


@pytest.mark.parametrize("name", writing.NAMES)
def test_what_somebody_else_wrote_is_not_replaced(name: str, tmp_path: Path) -> None:
    prepared = prepare(tmp_path, name, **ASKED)
    foreign = prepared.place.output / next(iter(texts(prepared)))
    foreign.parent.mkdir(parents=True)
    foreign.write_text("mine")
    with pytest.raises(ExportError, match="not from mlops-jlab"):
        writing.write(prepared)
    assert foreign.read_text() == "mine"
    assert [path for path in prepared.place.output.rglob("*") if path.is_file()] == [foreign]
    assert foreign in writing.write(prepared, force=True)


def test_the_form_has_order_settings_and_conditions(tmp_path: Path) -> None:
    form = prepare(tmp_path, "plain").form
    train = next(task for task in form.tasks if task.name == "train_a")
    assert (train.after, train.retries, train.backoff, train.timeout) == (("load",), 2, 5.0, 600.0)
    assert (train.memory, train.cpus) == (10**9, 2)
    join = form.tasks[-1]
    assert (join.after, join.when, join.registers) == (("train_a", "train-b"), "rows > 3", True)
    metric = prepare(tmp_path, "plain", steps={"train-b": {"when": "metrics.x > 0"}}).form.tasks[2]
    assert metric.after == ("load", "train_a")  # any step above may log it


@pytest.mark.parametrize(
    ("wishes", "error"),
    [
        ({"values": {"rows": "many"}}, ParameterError),
        ({"values": {"row": "1"}}, ParameterError),
        ({"cron": "60 * * * *"}, InputError),
        ({"cron": "@daily", "zone": "Europe/Berlim"}, InputError),
    ],
)
def test_wishes_that_cannot_be_are_refused(
    wishes: dict[str, Any], error: type[Exception], tmp_path: Path
) -> None:
    with pytest.raises(error):
        prepare(tmp_path, "slurm", **wishes)


def test_targets_ask_for_what_they_cannot_do_without(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="due at some time"):
        texts(prepare(tmp_path, "cronjob"))
    with pytest.raises(InputError, match="share no folder"):
        texts(prepare(tmp_path, "argo"))
    with pytest.raises(InputError, match="plain"):
        writing.target_of("plane")
    with pytest.raises(InputError, match="runs without mlops-jlab"):
        prepare(tmp_path, "slurm", standalone=True)


def test_names_that_a_target_forbids_are_mapped_and_never_two_to_one() -> None:
    assert naming.names_of(["a_b", "c"], naming.KUBERNETES, "Argo") == {"a_b": "a-b", "c": "c"}
    with pytest.raises(ExportError, match=r"'a_b' and 'a-b' would both be 'a-b'"):
        naming.names_of(["a_b", "a-b"], naming.KUBERNETES, "Argo")
    long = naming.names_of(["x" * 80, "x" * 79 + "y"], naming.KUBERNETES, "Argo")
    assert all(len(name) <= 52 for name in long.values())
    assert len(set(long.values())) == 2
    assert naming.Rule(reserved=frozenset({"image"})).of("image") == "image_step"


@pytest.mark.parametrize("text", [ODD, "'", '"', "\\", "$HOME", "$(id)", "`id`", "a\nb", "", "ü", "!x", "%"])
def test_a_quoted_text_is_what_it_was(text: str) -> None:
    echo = f"printf %s {quoting.shell(text)}"
    assert subprocess.run(["sh", "-c", echo], capture_output=True, text=True, check=True).stdout == text
    assert yaml.safe_load(quoting.as_yaml({"x": text})) == {"x": text}
    assert eval(quoting.python({"x": [text, 1.5, None, True]})) == {"x": [text, 1.5, None, True]}
    assert json.loads(quoting.as_json({"x": text})) == {"x": text}


@pytest.mark.parametrize("text", ["no", "1.0", "2026-01-01", "null", "~", "0x1F", "1_000", "1e3"])
def test_texts_that_look_like_something_else_stay_texts(text: str) -> None:
    assert yaml.safe_load(quoting.as_yaml({"x": text})) == {"x": text}


@pytest.mark.parametrize(
    ("cron", "lines"),
    [
        ("0 3 * * 1", ["Mon *-*-* 03:00:00 UTC"]),
        ("*/15 8-10 * * 1-5", ["Mon,Tue,Wed,Thu,Fri *-*-* 08,09,10:0/15:00 UTC"]),
        ("5 4 1 jan *", ["*-01-01 04:05:00 UTC"]),
        ("0 0 13 * fri", ["*-*-13 00:00:00 UTC", "Fri *-*-* 00:00:00 UTC"]),
        ("0 0 * * 7", ["Sun *-*-* 00:00:00 UTC"]),
    ],
)
def test_a_cron_line_becomes_a_calendar(cron: str, lines: list[str]) -> None:
    assert timers.calendar(cron, "UTC") == lines


def test_steps_are_joined_where_one_looks_at_the_session_of_another(tmp_path: Path) -> None:
    cells = [("step:a", "x = 1\nx"), ("step:b", "y = _ + 1"), ("step:c", "print(y)")]
    prepared = prepare(tmp_path, "slurm", cells, {"a": {"timeout": 5, "memory": "1 GB"}, "b": {"timeout": 7}})
    assert [task.name for task in prepared.form.tasks] == ["a", "c"]
    assert (prepared.form.tasks[0].timeout, prepared.form.tasks[0].memory) == (12.0, 10**9)
    assert "a and b are one step" in prepared.remarks[0]


def test_steps_are_joined_when_that_is_asked_for(tmp_path: Path) -> None:
    graph = graph_of(write(tmp_path, CELLS, {}))
    joined, said = fusing.fused(graph, [["load", "train_a"], ["train-b", "join"]])
    assert [step.name for step in joined.steps] == ["load", "train-b"]
    assert said == []
    assert [len(step.cells) for step in joined.steps] == [2, 2]
    with pytest.raises(InputError, match="'trains'"):
        fusing.fused(graph, [["trains"]])
    with pytest.raises(InputError, match="only some are executed when"):
        fusing.fused(graph_of(write(tmp_path)), [["train-b", "join"]])


def _tasks(prepared: writing.Prepared) -> dict[str, Any]:
    workflow = yaml.safe_load(texts(prepared)["workflow.yaml"])
    spec = workflow["spec"].get("workflowSpec", workflow["spec"])
    return {template["name"]: template for template in spec["templates"]}


def test_argo_runs_a_pod_a_step_in_order(tmp_path: Path) -> None:
    prepared = prepare(tmp_path, "argo", values={"city": ODD}, **ASKED)
    templates = _tasks(prepared)
    tasks = templates["pipeline"]["dag"]["tasks"]
    assert [task.get("depends", "") for task in tasks] == ["", "load", "load", "train-a && train-b"]
    assert all(task["template"] in templates for task in tasks)
    train = templates["step-train-a"]
    assert train["retryStrategy"] == {
        "limit": "2",
        "retryPolicy": "Always",
        "backoff": {"duration": "5s", "factor": "2"},
    }
    assert train["activeDeadlineSeconds"] == "720"
    assert train["container"]["resources"]["limits"] == {"memory": "1466Mi"}
    given = {one["name"]: one.get("value", "") for one in train["container"]["env"]}
    assert given["MLOPS_JLAB_PARAMETER_rows"] == "{{workflow.parameters.rows}}"
    assert "MLOPS_JLAB_PARAMETER_city" not in given  # Argo would read its braces
    assert yaml.safe_load(texts(prepared)["parameters.yaml"]) == {"city": ODD}


def test_a_cron_job_runs_all_in_one_pod(tmp_path: Path) -> None:
    spec = yaml.safe_load(texts(prepare(tmp_path, "cronjob", **ASKED))["cronjob.yaml"])["spec"]
    assert (spec["schedule"], spec["timeZone"], spec["concurrencyPolicy"]) == (
        "30 4 * * 1-5",
        "Europe/Berlin",
        "Forbid",
    )
    pod = spec["jobTemplate"]["spec"]["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    assert pod["containers"][0]["command"][:2] == ["python", "/project/out/run.py"]
    assert {one["name"] for one in pod["containers"][0]["env"]} == {"MLOPS_JLAB_KEY"}


def test_slurm_chains_jobs_with_their_limits(tmp_path: Path) -> None:
    script = texts(prepare(tmp_path, "slurm"))["submit.sh"]
    assert (
        'submit train_a --dependency=afterok:"${job[load]}" --time=32 --mem=1466M --cpus-per-task=2' in script
    )
    assert 'submit join --dependency=afterok:"${job[train_a]}":"${job[train-b]}"' in script


def test_github_jobs_wait_for_what_they_take_and_may_do_little(tmp_path: Path) -> None:
    prepared = prepare(tmp_path, "github", values={"city": ODD}, cron="17 3 * * 1", zone="Europe/Berlin")
    workflow = yaml.load(texts(prepared)[".github/workflows/nb.yml"], yaml.BaseLoader)
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["on"]["schedule"] == [{"cron": "17 3 * * 1", "timezone": "Europe/Berlin"}]
    inputs = workflow["on"]["workflow_dispatch"]["inputs"]
    assert {name: one["type"] for name, one in inputs.items()} == {
        "rows": "number",
        "rate": "number",
        "full": "boolean",
    }
    assert workflow["jobs"]["join"]["needs"] == ["train_a", "train-b"]
    run = next(step for step in workflow["jobs"]["join"]["steps"] if step.get("name") == "Run")
    assert run["env"]["MLOPS_JLAB_KEY"] == "${{ secrets.MLOPS_JLAB_KEY }}"
    assert "${{" not in run["run"]
    assert not any(
        "artifact" in str(step.get("uses")) for step in _steps(prepare(tmp_path, "github", store="s3://b"))
    )


def test_github_reviews_pull_requests_where_the_notebook_is_in_the_repository(tmp_path: Path) -> None:
    prepared = prepare(tmp_path, "github")
    outside = replace(prepared, place=replace(prepared.place, notebook=""))
    assert not any("review" in name for name in texts(outside))
    inside = replace(prepared, place=replace(prepared.place, notebook="it's.ipynb"))
    workflow = yaml.load(texts(inside)[".github/workflows/nb-review.yml"], yaml.BaseLoader)
    assert workflow["permissions"] == {"contents": "read", "pull-requests": "write"}
    assert workflow["on"]["pull_request"]["paths"][0] == "it's.ipynb"
    runs = [step["run"] for step in workflow["jobs"]["review"]["steps"] if "run" in step]
    assert not any("${{" in run for run in runs)
    assert shlex.split(runs[1])[:3] == ["mlops-jlab", "ci", "it's.ipynb"]


def _steps(prepared: writing.Prepared) -> list[Any]:
    jobs = yaml.safe_load(texts(prepared)[".github/workflows/nb.yml"])["jobs"].values()
    return [step for job in jobs for step in job["steps"]]


def test_gitlab_and_azure_jobs_have_the_retries_that_they_can(tmp_path: Path) -> None:
    steps = {"train_a": {"retries": 2}, "train-b": {"retries": 2, "backoff": 5}, "join": {"retries": 5}}
    gitlab = yaml.safe_load(texts(prepare(tmp_path, "gitlab", steps=steps))[".gitlab-ci.yml"])
    assert [gitlab[name].get("retry") for name in ("train_a", "train-b", "join")] == [2, None, None]
    assert ["--once" in gitlab[name]["script"][0] for name in ("train_a", "train-b", "join")] == [
        True,
        False,
        False,
    ]
    azure = yaml.safe_load(texts(prepare(tmp_path, "azure", steps=steps))["azure-pipelines.yml"])
    assert [job["job"] for job in azure["jobs"]] == ["load", "train_a", "train_b", "join"]
    assert azure["jobs"][3]["dependsOn"] == ["train_a", "train_b"]


@pytest.mark.parametrize(
    ("name", "file"), [("airflow", "nb_dag.py"), ("dagster", "nb_assets.py"), ("kfp", "pipeline.py")]
)
def test_python_files_have_values_as_literals(name: str, file: str, tmp_path: Path) -> None:
    odd = 'x\')"""\nimport os\n\\'
    cells = [
        ("parameters", f"city: str = {odd!r}\nday: str | None = None"),
        ("step:load", "x = city"),
        ("step:end", "print(x)"),
    ]
    prepared = prepare(tmp_path, name, cells, {"load": {"retries": 1, "timeout": 5}}, **ASKED)
    source = texts(prepared)[file]
    names = {node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)}
    assert odd in names
    linter = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--select",
        "E,F,I,W,B",
        "--line-length",
        "160",
    ]
    linted = subprocess.run(
        [*linter, "--stdin-filename", file, "-"], input=source, capture_output=True, text=True
    )
    assert linted.returncode == 0, linted.stdout


def test_kubeflow_components_get_their_parameters_whatever_these_are_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["run", "run_", "metrics", "os", "json", "given", "open", "result", "step_load", "city"]
    cells = [
        ("parameters", "\n".join(f"{name}: str = 'of {name}'" for name in names)),
        ("step:load", f"x = [{', '.join(names)}]"),
        ("step:end", "print(x)"),
    ]
    graph = graph_of(write(tmp_path, cells))
    odd = tmp_path / 'a "b" {c}'
    prepared = writing.prepare(graph, writing.target_of("kfp"), odd, Wishes(**ASKED), ())
    made = ast.parse(texts(prepared)["pipeline.py"])
    component = next(node for node in made.body if getattr(node, "name", "") == "step_load")
    component.decorator_list = []
    component.args.args[1].annotation = None  # dsl.Output
    space: dict[str, Any] = {}
    exec(compile(ast.Module([component], []), "pipeline.py", "exec"), space)
    asked: dict[str, Any] = {}

    def run(command: list[str], env: dict[str, str], check: bool) -> None:
        asked.update(command=command, env=env)
        Path(command[-1]).write_text('{"metrics": {}, "notebook": "nb"}')

    monkeypatch.setattr(subprocess, "run", run)
    arguments = [one.arg for one in component.args.args[2:]]
    assert len(set(arguments)) == len(names)
    metrics = types.SimpleNamespace(metadata={})
    space["step_load"]("1", metrics, **{name: f"given to {name}" for name in arguments})
    told = json.loads(asked["env"]["MLOPS_JLAB_PARAMETERS"])
    assert [told[name] for name in names] == [f"given to {name}" for name in arguments]
    assert asked["command"][4] == '/project/a "b" {c}/pipeline'
    dockerfile = texts(prepared)["Dockerfile"]
    assert 'COPY ["a \\"b\\" {c}/pipeline/requirements.txt", "/tmp/requirements.txt"]' in dockerfile


def test_airflow_params_are_typed(tmp_path: Path) -> None:
    cells = [
        (
            "parameters",
            "from typing import Literal\nfrom datetime import date\nmode: Literal['a', 'b'] = 'a'\n"
            "day: date = date(2026, 1, 2)\nk: int | None = None",
        ),
        ("step:load", "x = 1"),
    ]
    source = texts(prepare(tmp_path, "airflow", cells, {}))["nb_dag.py"]
    assert '"mode": Param("a", type="string", enum=["a", "b"])' in source
    assert '"day": Param("2026-01-02", type="string", format="date")' in source
    assert '"k": Param(None, type=["integer", "null"])' in source
