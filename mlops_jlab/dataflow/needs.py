"""What each step needs from the others, gathered while the notebook is walked once."""

from __future__ import annotations

from dataclasses import dataclass, field

from mlops_jlab.dataflow.definitions import Definition
from mlops_jlab.dataflow.effects import FunctionFacts
from mlops_jlab.entities.findings import Finding, Fix, Severity
from mlops_jlab.entities.notebooks import Cell


@dataclass
class StepNeeds:
    """One step while it is being read. ``inputs`` maps a name to the steps that may have made it."""

    name: str
    cells: list[Cell] = field(default_factory=list)
    inputs: dict[str, dict[str, None]] = field(default_factory=dict)
    carried: dict[Definition, None] = field(default_factory=dict)
    orders: dict[str, dict[str, None]] = field(default_factory=dict)  # step → reasons
    outputs: dict[str, None] = field(default_factory=dict)
    optional: dict[str, None] = field(default_factory=dict)  # wanted only by who reads everything
    setup_values: dict[str, None] = field(default_factory=dict)
    setup_definitions: dict[str, None] = field(default_factory=dict)
    seeded: dict[str, None] = field(default_factory=dict)
    hidden: dict[str, None] = field(default_factory=dict)  # what the source changes
    reads_all: bool = False
    writes_any: bool = False
    only_continued: dict[str, None] = field(default_factory=dict)  # reasons why it is not rebuilt


@dataclass
class CellEffects:
    """The names that one cell looks at and writes, for steps whose cells are apart."""

    uses: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    any_name: bool = False  # it may look at, or write, names that nobody can tell


@dataclass
class Reached:
    """What a statement reaches through the names that it reads."""

    facts: list[FunctionFacts] = field(default_factory=list)
    kinds: frozenset[Definition] = frozenset()


@dataclass(frozen=True)
class Rebinding:
    """A read of a name that an earlier step had bound as well."""

    reader: str
    definition: Definition
    cell: Cell
    line: int


@dataclass
class Notes:
    """Findings on their way to the reader of the notebook."""

    findings: list[Finding] = field(default_factory=list)

    def error(
        self, code: str, message: str, hint: str, cell: Cell, line: int = 0, fixes: tuple[Fix, ...] = ()
    ) -> None:
        """Adds an error at a place."""
        self.findings.append(Finding(Severity.ERROR, code, message, hint, cell.index, cell.id, line, fixes))

    def note(
        self, code: str, message: str, hint: str, cell: Cell, line: int = 0, fixes: tuple[Fix, ...] = ()
    ) -> None:
        """Adds a note at a place."""
        self.findings.append(Finding(Severity.NOTE, code, message, hint, cell.index, cell.id, line, fixes))

    def hazard(
        self, code: str, message: str, hint: str, cell: Cell, line: int = 0, fixes: tuple[Fix, ...] = ()
    ) -> None:
        """Adds a hazard at a place."""
        self.findings.append(Finding(Severity.HAZARD, code, message, hint, cell.index, cell.id, line, fixes))
