"""Several notebooks: each whole and as a pipeline, with the same values taken from those above it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from mlops_jlab.engine.asked import Listener, Options
from mlops_jlab.engine.folder.state import RunFolder, RunState
from mlops_jlab.engine.proof.verify import Verdict, compare, unconditional
from mlops_jlab.engine.run import members
from mlops_jlab.engine.run.loop import run
from mlops_jlab.entities.graphs import Graph
from mlops_jlab.entities.members import Member, Several
from mlops_jlab.handoff.variables import HANDOFF
from mlops_jlab.pipeline.manifest import Manifest


def verify(
    several: Several, graphs: Mapping[str, Graph], target: Path, given: Mapping[str, object],
    options: Options, listening: Callable[[], AbstractContextManager[Listener]], kernels: Mapping[str, str],
) -> Verdict:  # fmt: skip
    """Runs the notebooks into ``target/run``, and each of them whole into ``target/whole``, up to a failure.

    What a notebook takes has been compared where it was made; so the pipeline gives the answer of all
    notebooks, each whole, if each gives its own. ``kernels`` are those of notebooks that have another one;
    ``listening`` gives who hears of each notebook's run.

    Raises:
        InputError: a parameter is wrong.
        RunError: a value cannot leave the notebook that made it.
    """
    course = members.begin(several, graphs, target / "run", given, resume=False)
    found = Verdict()

    def one(
        member: Member, plan: Manifest, root: Path, values: dict[str, object], _goes_on: bool
    ) -> RunState:  # fmt: skip
        kernel = kernels.get(member.name, options.kernel)
        own = replace(options, folder=member.path.parent.resolve(), kernel=kernel, keep_all=True)
        plan, folder = unconditional(plan), RunFolder(root)
        with listening() as watching:
            state = run(plan, folder.root, values, own, watching)
        graph = members.filled(course, member, graphs[member.name])
        whole = target / "whole" / member.name
        whole.mkdir(parents=True)
        beside = {**own.environment, HANDOFF: str(folder.handoff)}  # where what is taken lies
        verdict = compare(graph, plan, (folder, state), whole, replace(own, environment=beside))
        found.add(member.name, verdict)
        return state

    members.go(course, graphs, one)
    return found
