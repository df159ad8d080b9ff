"""Names of steps as a target allows them. Two steps never get one name, so the way back is a table."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from mlops_jlab.errors import ExportError


@dataclass(frozen=True)
class Rule:
    """What a target allows: characters that are none of ``allowed`` become ``instead``.

    ``reserved`` are words that name something else there. ``longest`` is in characters.
    """

    allowed: str = r"A-Za-z0-9_.-"
    instead: str = "_"
    longest: int = 200
    reserved: frozenset[str] = frozenset()

    def of(self, name: str) -> str:
        """The name as the target allows it; a long one is cut and told apart by a digest."""
        found = re.sub(f"[^{self.allowed}]", self.instead, name).strip("-.") or "x"
        if found in self.reserved:
            found = f"{found}{self.instead}step"
        if len(found) > self.longest:
            found = f"{found[: self.longest - 9].rstrip('-.')}{self.instead}{_digest(name)}"
        return found


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()[:8]


KUBERNETES = Rule(r"a-z0-9-", "-", 52)  # CronJobs add eleven characters of their own
IDENTIFIER = Rule(r"A-Za-z0-9_", "_", 100)


def names_of(steps: Iterable[str], rule: Rule, target: str) -> dict[str, str]:
    """The name of each step in the target.

    Raises:
        ExportError: two steps would have the same.
    """
    found: dict[str, str] = {}
    taken: dict[str, str] = {}
    for step in steps:
        name = rule.of(step)
        if name in taken:
            raise ExportError(
                f"steps {taken[name]!r} and {step!r} would both be {name!r} in {target}",
                hint="rename one of them in the notebook",
            )
        taken[name] = step
        found[step] = name
    return found
