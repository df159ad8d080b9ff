"""``mlops-jlab ci``: the review of a notebook, for people and for the systems that run it on each change."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import click

from mlops_jlab.cli.answers import FORMAT, answer
from mlops_jlab.cli.asking import given
from mlops_jlab.cli.options import PARAMETER, PARAMETERS_FILE
from mlops_jlab.errors import InputError
from mlops_jlab.files import write_whole

if TYPE_CHECKING:
    from mlops_jlab.engine.proof.review import Review
    from mlops_jlab.entities.graphs import Graph

_PATH = click.Path(path_type=Path)
_SUMMARY, _JUNIT, _SARIF = "summary.md", "junit.xml", "check.sarif"
_MARKS = {"passed": ("✓", "green"), "failed": ("✗", "red"), "skipped": ("–", "yellow")}
_JOB_SUMMARY = "GITHUB_STEP_SUMMARY"


@click.command()
@click.argument("notebook", type=_PATH)
@PARAMETER
@PARAMETERS_FILE
@click.option("--sample", "samples", multiple=True, metavar="NAME=VALUE",
              help="Set a parameter of the proof alone, which runs the notebook twice.")  # fmt: skip
@click.option("--base", default="", metavar="REVISION|NOTEBOOK",
              help="Tell what has changed since, and compare the metrics.")  # fmt: skip
@click.option("--no-verify", is_flag=True, help="Leave the proof out.")
@click.option("--require-gate", is_flag=True, help="Fail if a model that the run registers passes no gate.")
@click.option("-o", "--output", type=_PATH, default=Path("ci-report"), show_default=True,
              help="The folder of the reports.")  # fmt: skip
@FORMAT
def ci(
    notebook: Path, pairs: tuple[str, ...], file: Path | None, samples: tuple[str, ...], base: str,
    output: Path, style: str, *, no_verify: bool, require_gate: bool,
) -> int:  # fmt: skip
    """Review NOTEBOOK before it is merged: check, verify, run, gates.

    Writes summary.md (a comment for a pull request), junit.xml, check.sarif and the run's report. Exit code
    0: all passed, 1: something failed, 2: the notebook has errors, or wrong input.
    """
    from mlops_jlab.cli import printing
    from mlops_jlab.cli.progress import listener
    from mlops_jlab.engine.asked import Options
    from mlops_jlab.engine.proof.review import Asked, review
    from mlops_jlab.pipeline.export import graph_of
    from mlops_jlab.store import location

    graph = graph_of(notebook)
    asked = Asked(
        given(pairs, file), given(samples, None), _base(base, notebook) if base else None,
        proved=not no_verify, gated=require_gate,
        telling=lambda text: click.echo(click.style(text, bold=True), err=True),
    )  # fmt: skip
    target = _emptied(output)
    os.environ.setdefault(location.VARIABLE, str(target / "store"))
    options = Options(notebook.resolve().parent, cache=Path(os.environ[location.VARIABLE]) / "cache")
    with listener() as watching:
        found = review(graph, asked, target, options, watching)
    write_whole(target / _SARIF, printing.sarif(graph).encode())
    write_whole(target / _JUNIT, _junit(found))
    summary = "\n".join(_summary(found, base)) + "\n"
    write_whole(target / _SUMMARY, summary.encode())
    if os.environ.get(_JOB_SUMMARY):
        with Path(os.environ[_JOB_SUMMARY]).open("a", encoding="utf-8") as page:
            page.write(summary)
    told = "\n".join([*_lines(found, base), "", f"  summary: {output / _SUMMARY}"])
    answer(style, _content(found, base, output), told)
    return 2 if graph.errors else int(not found.passed)


def _content(found: Review, base: str, output: Path) -> dict[str, object]:
    return {
        "notebook": found.notebook, "passed": found.passed, "stages": found.stages, "base": base,
        "changes": found.changes.as_json() if found.changes is not None else None,
        "metrics": {name: {"base": pair[0], "now": pair[1]} for name, pair in found.metrics.items()},
        "steps": found.steps, "reports": output,
    }  # fmt: skip


def _base(base: str, notebook: Path) -> Graph:
    from mlops_jlab.cli.comparing import graph_from

    return graph_from(base if Path(base).is_file() or ":" in base else f"{base}:{notebook}")


def _emptied(output: Path) -> Path:
    """The folder for the reports, without those of an earlier review."""
    target = output.resolve()
    if target.exists() and not target.is_dir():
        raise InputError(f"{output} is not a folder", hint="choose another --output")
    if target.exists() and any(target.iterdir()):
        if not (target / _JUNIT).is_file():
            raise InputError(f"{output} holds something else than reports", hint="choose another --output")
        shutil.rmtree(target)
    target.mkdir(parents=True, exist_ok=True)
    return target


def _lines(found: Review, base: str) -> Iterator[str]:
    from mlops_jlab.cli import comparing

    if found.changes is not None:
        yield click.style(f"since {base}", bold=True)
        yield from list(comparing.lines(found.changes))[1:] if found.changes else ("  the same pipeline",)
        yield ""
    for stage in found.stages:
        mark, colour = _MARKS[stage.status]
        took = f" ({stage.seconds:.1f} s)" if stage.seconds else ""
        yield f"{click.style(mark, fg=colour)} {stage.name}: {stage.said}{took}"
        yield from (f"    {line}" for line in stage.details)
    for name, (before, after) in found.metrics.items():
        yield f"  {name}: {_course(before, after, base)}"


def _course(before: float | None, after: float | None, base: str) -> str:
    if not base:
        return _number(after)
    difference = f" ({after - before:+.4g})" if before is not None and after is not None else ""
    return f"{_number(before)} → {_number(after)}{difference}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"


def _summary(found: Review, base: str) -> Iterator[str]:
    """A page in Markdown."""
    from mlops_jlab.cli import comparing
    from mlops_jlab.registry import markdown

    yield f"## {markdown.text(found.notebook.name)}: {'passed' if found.passed else 'failed'}"
    yield ""
    rows = [
        (
            f"{_MARKS[stage.status][0]} {stage.name}",
            stage.said,
            f"{stage.seconds:.1f} s" * bool(stage.seconds),
        )
        for stage in found.stages
    ]
    yield from markdown.table(rows, ("Stage", "Result", "Time"))
    if found.changes is not None:
        yield from ("", f"### Changes since {markdown.text(base)}", "", "```")
        changed = list(comparing.lines(found.changes))[1:] if found.changes else ["the same pipeline"]
        yield from (click.unstyle(line).replace("```", "'''") for line in changed)
        yield "```"
    if found.metrics:
        head = ("Metric", markdown.text(base), "Now", "Difference") if base else ("Metric", "Now")
        yield from ("", "### Metrics", "")
        yield from markdown.table([_row(name, *pair, base) for name, pair in found.metrics.items()], head)
    for stage in found.stages:
        if stage.details:
            yield from ("", f"<details><summary>{stage.name}</summary>", "")
            yield from (f"- {markdown.text(line)}" for line in stage.details)
            yield from ("", "</details>")


def _row(name: str, before: float | None, after: float | None, base: str) -> tuple[str, ...]:
    if not base:
        return name, _number(after)
    difference = f"{after - before:+.4g}" if before is not None and after is not None else ""
    return name, _number(before), _number(after), difference


def _junit(found: Review) -> bytes:
    """As JUnit's XML: a test for each stage, and one for each step of the run."""
    suite = ElementTree.Element("testsuite", name=found.notebook.name)
    cases = [(stage.name, stage.status, stage.said, stage.details, stage.seconds) for stage in found.stages]
    for step in found.steps:
        status = {"finished": "passed", "failed": "failed", "killed": "failed"}.get(step.status, "skipped")
        error = step.error or {}
        said = str(error.get("message", "")) or step.why or step.status
        cases.append((f"step {step.name}", status, said, (), step.seconds or 0.0))
    for name, status, said, details, seconds in cases:
        case = ElementTree.SubElement(
            suite, "testcase", name=name, classname=found.notebook.stem, time=f"{seconds:.3f}"
        )
        if status != "passed":
            kind = "failure" if status == "failed" else "skipped"
            ElementTree.SubElement(case, kind, message=_printable(said)).text = _printable("\n".join(details))
    statuses = [status for _name, status, *_rest in cases]
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(statuses.count("failed")))
    suite.set("skipped", str(statuses.count("skipped")))
    suite.set("time", f"{sum(stage.seconds for stage in found.stages):.3f}")
    text: bytes = ElementTree.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text


def _printable(text: str) -> str:
    """Without what XML cannot hold, such as the colours of a terminal."""
    return "".join(char for char in click.unstyle(text) if char.isprintable() or char in "\n\t")
