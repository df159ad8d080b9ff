"""A notebook → its :class:`Graph`: the whole of the analysis, as one function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from mlops_jlab.dataflow.datacells import check_data_rules
from mlops_jlab.dataflow.definitions import Definition
from mlops_jlab.dataflow.gatecells import check_gates
from mlops_jlab.dataflow.independence import independent_pairs
from mlops_jlab.dataflow.loops import read_loop
from mlops_jlab.dataflow.needs import StepNeeds
from mlops_jlab.dataflow.ordering import Ordering
from mlops_jlab.dataflow.walk import Walk
from mlops_jlab.entities import settings
from mlops_jlab.entities.findings import Finding, Severity, in_order
from mlops_jlab.entities.graphs import CarriedSource, Graph, Loop, Step
from mlops_jlab.entities.notebooks import Notebook, Role
from mlops_jlab.entities.parameters import Parameter
from mlops_jlab.notebook import fixes
from mlops_jlab.notebook.parameters import read_parameters
from mlops_jlab.notebook.tags import slug


def analyse(notebook: Notebook, findings: tuple[Finding, ...] = ()) -> Graph:
    """The pipeline that the notebook's tags and data flow make, with everything to be said about it.

    ``findings`` are those of reading the file; they come first in the graph's own. Nothing is
    executed, save that modules in star imports are imported in a process of their own.
    """
    walk = Walk(notebook)
    walk.run()
    _carry_session(walk)
    parameters, more = _parameters(notebook)
    ordering = Ordering(walk)
    edges = ordering.edges()
    found = [*findings, *more, *walk.notes.findings, *ordering.findings, *check_gates(notebook),
             *check_data_rules(notebook)]  # fmt: skip
    given = _settings(notebook, walk.steps, found)
    steps = tuple(
        _step(walk, ordering, name, place, given.get(name, {}), parameters)
        for place, name in enumerate(ordering.running_order)
    )
    apart = independent_pairs(walk, edges)
    steps = tuple(replace(step, apart=apart.get(step.name, ())) for step in steps)
    steps = tuple(_with_loop(notebook, step, walk.steps[step.name], found) for step in steps)
    if not steps:
        found.append(
            Finding(
                Severity.ERROR, "no-steps", "no cell is tagged as a step: there is nothing to run",
                "tag cells with step:NAME, or try: mlops-jlab tag NOTEBOOK --from headings",
            )
        )  # fmt: skip
    return Graph(
        notebook=notebook,
        name=slug(str(notebook.settings.get("name") or notebook.path.stem)),
        steps=steps,
        edges=edges,
        parameters=parameters,
        setup=tuple(c for c in notebook.tagged if c.role in (Role.SETUP, Role.PARAMETERS)),
        setup_values=tuple(walk.setup_values),
        setup_definitions=tuple(walk.setup_definitions),
        findings=in_order(found),
    )


def _carry_session(walk: Walk) -> None:
    """Session lines and patches of modules go to every step below them."""
    for needs in walk.steps.values():
        last = needs.cells[-1]
        for definition in walk.session:
            if definition.cell.index < last.index:
                walk.uses.carry(definition, last, needs)


def _parameters(notebook: Notebook) -> tuple[tuple[Parameter, ...], list[Finding]]:
    cells = [cell for cell in notebook.tagged if cell.role is Role.PARAMETERS]
    findings: list[Finding] = []
    if len(cells) > 1:
        places = ", ".join(f"cell {cell.index + 1}" for cell in cells)
        findings.append(
            Finding(
                Severity.ERROR, "two-parameters", f"two cells are tagged 'parameters': {places}",
                "keep one parameters cell", cells[1].index, cells[1].id,
                fixes=(fixes.into_setup(cells[1]),),
            )
        )  # fmt: skip
    if not cells:
        return (), findings
    parameters, more = read_parameters(cells[0])
    return parameters, [*findings, *more]


def _settings(
    notebook: Notebook, steps: Mapping[str, StepNeeds], findings: list[Finding]
) -> dict[str, Mapping[str, object]]:
    given = notebook.settings.get("steps", {})
    if not isinstance(given, Mapping):
        findings.append(
            Finding(Severity.ERROR, "settings", "metadata 'mlops_jlab.steps' is not a JSON object",
                    'write {"steps": {"NAME": {"retries": 2}}}')
        )  # fmt: skip
        return {}
    found: dict[str, Mapping[str, object]] = {}
    for name, values in given.items():
        unknown = set(values) - settings.KNOWN if isinstance(values, Mapping) else set()
        if name not in steps or not isinstance(values, Mapping) or unknown:
            what = f"unknown settings {sorted(unknown)}" if unknown else "no such step"
            findings.append(
                Finding(Severity.NOTE, "settings", f"metadata for step {name!r}: {what}",
                        f"known settings: {', '.join(sorted(settings.KNOWN))}")
            )  # fmt: skip
        if isinstance(values, Mapping):
            findings.extend(_bad_settings(name, values))
            found[name] = values
    return found


def _bad_settings(name: str, values: Mapping[str, object]) -> Iterator[Finding]:
    """Settings whose values are of no use."""
    for words in settings.problems(values):
        yield Finding(
            Severity.ERROR,
            "settings",
            f"the metadata for step {name!r} has settings of no use: {words}",
            "mend them under mlops_jlab in the notebook's metadata",
        )


def _step(
    walk: Walk, ordering: Ordering, name: str, place: int, given: Mapping[str, object],
    parameters: tuple[Parameter, ...],
) -> Step:  # fmt: skip
    needs = walk.steps[name]
    below = ordering.read_below(name)
    inputs = {*needs.inputs, *_listed(given, "uses")}
    outputs = {*needs.outputs, *_listed(given, "produces")}
    return Step(
        name=name,
        position=place,
        cells=tuple(needs.cells),
        inputs=tuple(sorted(inputs)),
        outputs=tuple(sorted(outputs)),
        optional=tuple(sorted({*needs.optional} - outputs)),
        carried=tuple(_carried(needs, definition) for definition in _sorted(needs.carried)),
        reads_all=needs.reads_all,
        writes_any=needs.writes_any,
        watched=tuple(sorted(({*inputs, *needs.setup_values} & below) - outputs)),
        seeds=tuple(needs.seeded),
        hidden=tuple(sorted({*needs.hidden, *needs.seeded})),
        setup_values=tuple(sorted(needs.setup_values)),
        parameters=tuple(p.name for p in parameters if _matters(walk, needs, p.name)),
        surrounds=tuple(sorted(ordering.surrounded.get(name, ()))),
        only_continued=tuple(needs.only_continued),
        settings=given,
    )


def _with_loop(notebook: Notebook, step: Step, needs: StepNeeds, findings: list[Finding]) -> Step:
    """The step with the loop that its settings name; a loop that cannot be taken apart is an error."""
    over = step.settings.get("for_each")
    if not isinstance(over, str) or not over.isidentifier():
        return step
    loop = read_loop(notebook, needs, over, {*step.outputs, *step.optional})
    if isinstance(loop, Loop):
        return replace(step, loop=loop)
    findings.append(loop)
    return step


def _matters(walk: Walk, needs: StepNeeds, parameter: str) -> bool:
    """Whether the step looks at a parameter: itself, or through setup, which runs in front of it."""
    setup = (
        effects for index, effects in walk.cells.items() if walk.notebook.cells[index].role is Role.SETUP
    )
    return needs.reads_all or parameter in needs.setup_values or any(parameter in e.uses for e in setup)


def _listed(settings: Mapping[str, object], key: str) -> list[str]:
    value = settings.get(key, [])
    return [str(item) for item in value] if isinstance(value, list) else []


def _sorted(carried: Mapping[Definition, None]) -> list[Definition]:
    """One for each text, in document order; lines from ``__future__`` come first."""
    unique: dict[int, Definition] = {}
    for definition in sorted(carried, key=lambda d: d.order):
        unique.setdefault(definition.order, definition)
    return sorted(unique.values(), key=lambda d: ("__future__" not in d.text, d.order))


def _carried(needs: StepNeeds, definition: Definition) -> CarriedSource:
    values = _values_needed(definition, needs) | ({"sys.path"} if definition.is_late else set())
    return CarriedSource(
        definition.name, definition.text, definition.cell.index, definition.line, frozenset(values)
    )


def _values_needed(definition: Definition, needs: StepNeeds) -> set[str]:
    """The handed-over values that running the text reads, directly or through its bases."""
    names: set[str] = set()
    seen = {definition}
    todo = [definition]
    while todo:
        for needed in todo.pop().needs:
            if not needed.is_source and needed.step:
                names.add(needed.name)
            elif needed.is_source and needed in needs.carried and needed not in seen:
                seen.add(needed)
                todo.append(needed)
    return names
