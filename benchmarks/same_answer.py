"""How many notebooks give, cut into steps, the answer that Run All gives.

    python benchmarks/same_answer.py tests/data/programs          each cell a step, against the kept answers
    python benchmarks/same_answer.py DIR|FILE.ipynb ... --cut headings --answers /tmp/answers

A folder is searched for ``.ipynb`` and for files of programs (``# === name``, see tests/programs.py). Run All is
executed in an ordinary kernel (``--answers DIR`` keeps what came out for the next time), then the pipeline;
each in a fresh folder, into which the files that lie beside a notebook are copied. What two runs of Run All
do not have in common is not compared. ``--how`` is ``continued``, ``again`` (twice, with a cache) or ``cold``.
``--only WORD`` takes those with the word in their name, ``--json FILE`` writes all there is to know.
The exit status is the number of notebooks that are not the same.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from mlops_jlab.dataflow.analysis import analyse
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.notebook.suggesting import retagged, suggest
from mlops_jlab.pipeline.export import graph_of
from tests.programs import Answer, difference, emptied, golden, read, run_all, run_pipeline, verdict

WORDS = ("same", "rightly refused", "refused", "different", "crashed")
COPIED = 200_000_000  # bytes beside a notebook that are worth a copy
PATIENCE = 600.0  # seconds for one notebook, Run All included


def found(places: list[Path], only: str) -> list[dict[str, Any]]:
    """The notebooks and programs to measure, each as plain data that a worker understands."""
    items: list[dict[str, Any]] = []
    for place in places:
        paths = [place] if place.is_file() else sorted(place.rglob("*"))
        for path in paths:
            if path.suffix == ".ipynb" and ".ipynb_checkpoints" not in path.parts:
                name = str(path.relative_to(place)) if place.is_dir() else path.name
                items.append({"name": name, "theme": path.parent.name, "path": str(path)})
            elif path.suffix in (".txt", ".py", ".md") and path.read_text("utf-8", "replace").startswith(
                "# === "
            ):
                answers = golden(path)
                items += [
                    {
                        "name": f"{program.theme}/{program.name}",
                        "theme": program.theme,
                        "node": program.notebook(tagged=False),
                        "answer": asdict(answers[program.name]) if program.name in answers else None,
                    }
                    for program in read(path)
                ]
    return [item for item in items if re.search(only, item["name"])]


def cut(path: Path, how: str) -> Graph:
    """The notebook's graph, each cell or each heading a step, or as it is tagged."""
    graph = graph_of(path)
    if how == "tags":
        return graph
    bare = retagged(graph.notebook, {c.index: _plain(c.tags) for c in graph.notebook.cells if c.is_code})
    tags = suggest(bare, how)
    if how == "headings" and not any(tag.startswith("step:") for found in tags.values() for tag in found):
        tags = _by_any_heading(bare, tags)
    return analyse(retagged(bare, tags))


def _plain(tags: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(tag for tag in tags if tag in ("parameters", "raises-exception"))


def _by_any_heading(notebook: Any, tags: dict[int, tuple[str, ...]]) -> dict[int, tuple[str, ...]]:
    """Where no second-level heading is: each heading of any level opens a step."""
    step, changed = 0, dict(tags)
    for cell in notebook.cells:
        if cell.is_code:
            kept = tuple(tag for tag in tags.get(cell.index, cell.tags) if tag != "setup")
            changed[cell.index] = (*kept, f"step:part-{step}")
        elif re.search(r"^#+ ", cell.source, re.MULTILINE):
            step += 1
    return changed


def opened(path: Path) -> dict[str, Any]:
    """The notebook without its outputs, in today's format, to be run by the kernel that is here."""
    import nbformat

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        node: dict[str, Any] = json.loads(json.dumps(nbformat.read(path, as_version=4)))
    taken: set[str] = set()
    for place, cell in enumerate(node["cells"]):
        if cell.get("id", "") in {"", *taken}:
            cell["id"] = f"cell{place}"
        taken.add(cell["id"])
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    node["nbformat"], node["nbformat_minor"] = 4, 5
    node["metadata"]["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return node


def measure(item: dict[str, Any], asked: dict[str, Any]) -> dict[str, Any]:
    """One notebook, whole and as a pipeline."""
    with tempfile.TemporaryDirectory(prefix="same-answer-") as base:
        inside = Path(base)
        node = item.get("node") or opened(Path(item["path"]))
        beside = Path(item["path"]).parent if "path" in item else None
        whole = _whole(item, node, beside, inside, asked)
        (inside / "nb.ipynb").write_text(json.dumps(node), "utf-8")
        begun = time.perf_counter()
        graph = cut(inside / "nb.ipynb", asked["cut"])
        read_in = time.perf_counter() - begun
        options = {
            "cold": asked["how"] == "cold",
            "cache": inside / "cache" if asked["how"] == "again" else None,
        }
        options["jobs"] = asked["jobs"]
        for number in range(2 if asked["how"] == "again" else 1):
            mine = run_pipeline(graph, inside / f"run{number}", _folder(beside, inside), **options)
            word, what = verdict(whole, mine)
            if word in ("different", "crashed") and item.get("answer") is None:
                mine, whole = _without_chance(node, beside, inside, mine, whole)
                word, what = verdict(whole, mine)
            if word != "same":
                break
        return {
            "word": word, "what": what, "steps": len(graph.steps),
            "whole": whole.seconds, "pipeline": mine.seconds + read_in,
        }  # fmt: skip


def _whole(
    item: dict[str, Any], node: dict[str, Any], beside: Path | None, inside: Path, asked: dict[str, Any]
) -> Answer:
    if item.get("answer") is not None:
        return Answer(**item["answer"])
    kept = (
        Path(asked["answers"]) / (re.sub(r"\W+", "-", item["name"]) + ".json") if asked["answers"] else None
    )
    of = json.dumps([cell["source"] for cell in node["cells"]])
    if kept and kept.exists():
        known = json.loads(kept.read_text("utf-8"))
        if known.pop("of") == of:
            return Answer(**known)
    answer = run_all(node, _folder(beside, inside), PATIENCE / 2)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps({"of": of, **asdict(answer)}), "utf-8")
    return answer


def _folder(beside: Path | None, inside: Path) -> Path:
    folder = emptied(inside / "cwd")
    if beside is not None:
        size = sum(path.stat().st_size for path in beside.rglob("*") if path.is_file())
        if size <= COPIED:
            shutil.copytree(
                beside, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("*.ipynb", ".git")
            )
    return folder


def _without_chance(
    node: dict[str, Any], beside: Path | None, inside: Path, mine: Answer, whole: Answer
) -> tuple[Answer, Answer]:
    """Both answers without the cells in which two runs of Run All differ."""
    again = run_all(node, _folder(beside, inside), PATIENCE / 2)
    chance = {
        cell
        for cell in {*whole.outputs, *again.outputs}
        if difference(
            Answer({cell: whole.outputs.get(cell, [])}), Answer({cell: again.outputs.get(cell, [])})
        )
    }
    for answer in (mine, whole):
        answer.outputs = {cell: found for cell, found in answer.outputs.items() if cell not in chance}
    return mine, whole


def serve() -> None:
    """A worker: a line of JSON comes in, a line goes out. What else is printed goes to standard error."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    for line in sys.stdin:
        item, asked = json.loads(line)
        try:
            result = measure(item, asked)
        except Exception as error:  # whatever it was, the next notebook has its turn
            result = {"word": "crashed", "what": f"in this process: {type(error).__name__}: {error}"}
        print(json.dumps(result), file=answers, flush=True)


class Workers:
    """A worker for each thread that asks; one that hangs or dies is made anew."""

    def __init__(self, asked: dict[str, Any]) -> None:
        self._asked = asked
        self._mine = threading.local()
        self._log = open(os.devnull, "w") if not asked["loud"] else None  # noqa: SIM115
        self._all: list[subprocess.Popen[str]] = []

    def measured(self, item: dict[str, Any]) -> dict[str, Any]:
        worker = getattr(self._mine, "worker", None)
        if worker is None or worker.poll() is not None:
            command = [sys.executable, __file__, "--serve"]
            worker = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True, bufsize=1
            )
            self._mine.worker = worker
            self._all.append(worker)
        assert worker.stdin
        assert worker.stdout
        worker.stdin.write(json.dumps([item, self._asked]) + "\n")
        worker.stdin.flush()
        ready, _, _ = select.select([worker.stdout], [], [], PATIENCE)
        line = worker.stdout.readline() if ready else ""
        if line:
            return dict(json.loads(line))
        worker.kill()
        worker.wait()
        return {
            "word": "crashed",
            "what": "the runner " + ("died" if ready else f"hung for {PATIENCE:.0f} s"),
        }

    def close(self) -> None:
        for worker in self._all:
            if worker.stdin:
                worker.stdin.close()
            worker.wait(30)


def table(items: list[dict[str, Any]], results: list[dict[str, Any]]) -> str:
    """How often each word came out, by theme and in all."""
    counts: dict[str, Counter[str]] = {}
    for item, result in zip(items, results, strict=True):
        counts.setdefault(item["theme"], Counter())[result["word"]] += 1
    lines = ["| theme | " + " | ".join(WORDS) + " |", "|---|" + "---|" * len(WORDS)]
    total: Counter[str] = sum(counts.values(), Counter())
    for theme, count in [*sorted(counts.items()), ("all", total)]:
        lines.append(f"| {theme} | " + " | ".join(str(count[word]) for word in WORDS) + " |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("places", nargs="*", type=Path)
    parser.add_argument("--cut", choices=["cells", "headings", "tags"], default="cells")
    parser.add_argument("--how", choices=["continued", "again", "cold"], default="continued")
    parser.add_argument("--answers", default="", help="where what Run All put out is kept")
    parser.add_argument("--only", default="", help="a regular expression that the name holds")
    parser.add_argument("--side-by-side", type=int, default=1, help="notebooks measured at once")
    parser.add_argument("--jobs", type=int, default=2, help="of each run")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--loud", action="store_true", help="show what the workers print")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.serve:
        serve()
        return 0
    items = found(asked.places, asked.only)
    workers = Workers(
        {key: str(v) if isinstance(v, Path) else v for key, v in vars(asked).items() if key != "places"}
    )

    def one(item: dict[str, Any]) -> dict[str, Any]:
        result = workers.measured(item)
        print(
            f"{result['word']:9} {item['name']}"
            + (f"\n          {result['what']}" if result["what"] else ""),
            flush=True,
        )
        return result

    with ThreadPoolExecutor(asked.side_by_side) as pool:
        results = list(pool.map(one, items))
    workers.close()
    print("\n" + table(items, results))
    whole = sum(result.get("whole", 0.0) for result in results)
    if whole:
        print(
            f"\nRun All took {whole:.0f} s, the pipelines {sum(r.get('pipeline', 0.0) for r in results):.0f} s"
        )
    if asked.json:
        entries = [{"name": i["name"], "theme": i["theme"], **r} for i, r in zip(items, results, strict=True)]
        asked.json.write_text(json.dumps(entries, indent=1, ensure_ascii=False), "utf-8")
    return sum(result["word"] not in ("same", "rightly refused") for result in results)


if __name__ == "__main__":
    raise SystemExit(main())
