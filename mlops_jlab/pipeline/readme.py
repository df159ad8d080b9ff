"""The README of an export: the graph as a picture, the parameters, how to run it."""

from __future__ import annotations

from mlops_jlab.entities.graphs import Graph
from mlops_jlab.pipeline.picture import mermaid

_TEXT = """\
# {name}

A pipeline of {count} steps, made from `{notebook}` by mlops-jlab. Change the notebook and export
again; nothing in this folder is meant to be edited.

```mermaid
{graph}
```

## Parameters

{parameters}

## Run it

```sh
pip install -r requirements.txt
mlops-jlab run .{example}
```

Each step is a papermill notebook of its own. One by one, in the same folder and in this order:

```sh
{commands}
```

## Schedule it

`mlops-jlab run` is one command with an honest exit code (0 done, 1 failed, 2 wrong input), so any
scheduler can call it. A line for cron, every night at three:

```
0 3 * * * cd /path/to/this/folder && mlops-jlab run .
```
"""


def render(graph: Graph, notebooks: list[str]) -> str:
    """The text of the README."""
    rows = [
        f"| `{p.name}` | `{p.type_text}` | {_default(p.default, p.secret, p.required, p.computed)} "
        f"| {p.help} |".replace("|\n", "").replace(" | None`", " \\| None`")
        for p in graph.parameters
    ]
    table = ["| name | type | default | meaning |", "|---|---|---|---|", *rows]
    example = next((p for p in graph.parameters if not p.secret), None)
    return _TEXT.format(
        name=graph.name,
        count=len(graph.steps),
        notebook=graph.notebook.path.name,
        graph=mermaid(graph),
        parameters="\n".join(table) if rows else "None.",
        example=f" -p {example.name}={example.default}" if example and example.default else "",
        commands="\n".join(f"papermill {path} out-{path.rpartition('/')[2]}" for path in notebooks),
    )


def _default(value: object, secret: bool, required: bool, computed: bool) -> str:
    if secret:
        return "from the environment"
    if required:
        return "required"
    return "computed" if computed else f"`{value!r}`".replace("|", "\\|")
