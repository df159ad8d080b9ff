"""The filter language of searches: text → a condition in SQL whose values are parameters.

The language is MLflow's (``metrics.acc > 0.9 and params.model = "rf"``) with ``or``, ``not``,
parentheses and ``is null``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from mlops_jlab.errors import FilterError, nearest

KINDS = {
    "metrics": "metric", "metric": "metric", "params": "param", "param": "param", "parameters": "param",
    "tags": "tag", "tag": "tag", "attributes": "attribute", "attribute": "attribute", "attr": "attribute",
    "run": "attribute",
}  # fmt: skip
ATTRIBUTES = {
    "run_id": "r.id", "id": "r.id", "name": "r.name", "run_name": "r.name", "status": "r.status",
    "experiment": "(SELECT name FROM experiments WHERE id = r.experiment)", "start_time": "r.started",
    "started": "r.started", "end_time": "r.ended", "ended": "r.ended", "duration": "r.duration",
    "user": "r.user", "user_id": "r.user", "note": "r.note", "kind": "r.kind", "source": "r.source",
    "group": "r.grouping", "parent": "r.parent", "reason": "r.reason", "attempt": "r.attempt",
    "created": "r.seq", "deleted": "r.deleted",
}  # fmt: skip
# What a pipeline's run takes of a param as it is declared; no other run is looked into.
_DECLARED = (
    "CASE r.kind WHEN 'pipeline' THEN "
    "(SELECT d.value FROM json_each(r.facts, '$.defaults') d WHERE d.key = ?) END"
)
# Names of such params, of the last runs; follows a query for names.
DECLARED = (
    "UNION SELECT d.key FROM runs r, json_each(r.facts, '$.defaults') d "
    "WHERE r.seq > (SELECT max(seq) FROM runs) - 1000 AND r.kind = 'pipeline'"
)
# What MLflow keeps as a tag and a run has by itself.
_AS_TAGS = {"mlflow.parentRunId": "parent", "mlflow.runName": "name", "mlflow.user": "user",
            "mlflow.source.name": "source", "mlflow.note.content": "note"}  # fmt: skip
_MILLISECONDS = {"start_time", "end_time"}  # as MLflow counts
_LONGEST = 20_000  # characters
_DEEPEST = 50  # of parentheses and nots within each other
_MOST = 500  # conditions
_WORDS = 40  # that are searched for
_EXAMPLE = 'for example: metrics.acc > 0.9 and params.model = "rf"'


@dataclass(frozen=True)
class Field:
    """One thing that a run has: a metric, a param, a tag, or an attribute.

    A param is what the run was given, else what it takes as it is declared, unless ``given`` leaves that out.
    """

    kind: str
    name: str
    given: bool = False

    @property
    def expression(self) -> tuple[str, list[Any]]:
        """What it is in SQL, for the run ``r``; NULL where the run has none."""
        if self.kind == "attribute":
            return ATTRIBUTES[self.name], []
        table, column = {
            "metric": ("series", "latest"), "param": ("params", "value"), "tag": ("tags", "value"),
        }[self.kind]  # fmt: skip
        sql = (
            f"(SELECT x.{column} FROM {table} x WHERE x.run = r.seq "
            "AND x.key = (SELECT id FROM keys WHERE name = ?))"
        )
        if self.kind == "param" and not self.given:
            return f"coalesce({sql}, {_DECLARED})", [self.name, self.name]
        return sql, [self.name]


@dataclass(frozen=True)
class Condition:
    """A condition on the run ``r``, and the values of its question marks."""

    sql: str
    values: tuple[Any, ...] = ()


EVERY = Condition("1")


@dataclass(frozen=True)
class Order:
    """One thing to sort by."""

    field: Field
    descending: bool = False


def parse(text: str, *, given: bool = False) -> Condition:
    """The condition that a filter says; with ``given``, of what runs were given alone, as MLflow knows it.

    Raises:
        FilterError: with the column (from 1) where it goes wrong.
    """
    if not text.strip():
        return EVERY
    if len(text) > _LONGEST:
        raise FilterError(f"a filter has {_LONGEST:,} characters at most, not {len(text):,}")
    from lark.exceptions import UnexpectedInput, VisitError

    try:
        return _Reader(text, given).condition(_parser().parse(text))
    except UnexpectedInput as error:
        at_end = getattr(getattr(error, "token", None), "type", "") == "$END" or error.column < 1
        column = len(text.rstrip()) + 1 if at_end else error.column
        raise _pointing(text, column, "the filter is not understood here", _EXAMPLE) from error
    except VisitError as error:
        raise error.orig_exc from error


def both(one: Condition, other: Condition) -> Condition:
    """The condition that is true where both are."""
    return Condition(f"({one.sql}) AND ({other.sql})", (*one.values, *other.values))


def words(text: str) -> Condition:
    """Runs in which every word of ``text`` occurs: in the name, note, experiment, a tag, or a param.

    A param is met by its name, by its value, or by both (``lr=0.1``); ``#12`` is the run with that number.

    Raises:
        FilterError: there are too many of them.
    """
    found, wanted = EVERY, list(dict.fromkeys(text.split()))
    if len(wanted) > _WORDS or len(text) > _LONGEST:
        raise FilterError(
            f"a search has {_WORDS} words and {_LONGEST:,} characters at most", hint="leave some out"
        )
    for word in wanted:
        found = both(found, _number(int(word[1:])) if re.fullmatch(r"#\d{1,18}", word) else _word(word))
    return found


def _number(seq: int) -> Condition:
    return Condition("r.seq = ?", (seq,))


def _word(word: str) -> Condition:
    like = "%" + re.sub(r"[%_\\]", r"\\\g<0>", word) + "%"
    sides = [f"{column} LIKE ? ESCAPE '\\'" for column in ("r.name", "r.note", ATTRIBUTES["experiment"])]
    pairs = [
        f"EXISTS (SELECT 1 FROM {table} x JOIN keys k ON k.id = x.key WHERE x.run = r.seq "
        "AND k.name || '=' || x.value LIKE ? ESCAPE '\\')"
        for table in ("tags", "params")
    ]
    pairs.append(
        "r.kind = 'pipeline' AND EXISTS (SELECT 1 FROM json_each(r.facts, '$.defaults') d "
        "WHERE d.key || '=' || d.value LIKE ? ESCAPE '\\' AND NOT EXISTS (SELECT 1 FROM params x "
        "WHERE x.run = r.seq AND x.key = (SELECT id FROM keys WHERE name = d.key)))"
    )
    return Condition(f"({' OR '.join([*sides, *pairs])})", (like,) * (len(sides) + len(pairs)))


def parse_order(text: str, *, given: bool = False) -> Order:
    """One entry of ``order_by``: a field, and ``ASC`` or ``DESC`` after it; ``given`` as in :func:`parse`.

    Raises:
        FilterError: it names nothing to sort by.
    """
    words = text.strip()
    match = re.fullmatch(r"(.*?)(?:\s+(asc|desc))?", words, re.IGNORECASE | re.DOTALL)
    what, way = match.groups() if match else (words, "")
    kind, dot, name = what.strip().partition(".")
    descending = (way or "").lower() == "desc"
    field = _field(text, kind if dot else "", _bare(name) if dot else kind, 1)
    return Order(replace(field, given=given), descending)


def _bare(name: str) -> str:
    return name[1:-1] if len(name) > 1 and name[0] in "\"`'" and name[-1] == name[0] else name


def _field(text: str, kind: str, name: str, column: int) -> Field:
    if kind and kind.lower() not in KINDS:
        raise _pointing(text, column, f"{kind!r} is not something that a run has{nearest(kind, KINDS)}",
                        "use metrics., params., tags. or attributes.")  # fmt: skip
    known = KINDS[kind.lower()] if kind else "attribute"
    if known == "tag" and name in _AS_TAGS:
        return Field("attribute", _AS_TAGS[name])
    if known == "attribute" and name not in ATTRIBUTES:
        raise _pointing(text, column, f"{name!r} is not an attribute of a run{nearest(name, ATTRIBUTES)}",
                        f"attributes: {', '.join(sorted(ATTRIBUTES))}; metrics are metrics.NAME")  # fmt: skip
    return Field(known, name)


def _pointing(text: str, column: int, message: str, hint: str) -> FilterError:
    line = text.replace("\n", " ")
    return FilterError(
        f"{message} (column {column})\n    {line}\n    {' ' * (column - 1)}^", hint=hint, column=column
    )


@cache
def _parser() -> Any:
    from importlib.resources import files

    from lark import Lark

    grammar = (files("mlops_jlab.store") / "filter.lark").read_text("utf-8")
    return Lark(grammar, parser="lalr", propagate_positions=True, maybe_placeholders=False)


class _Reader:
    """Parse tree → condition."""

    def __init__(self, text: str, given: bool) -> None:
        self._text = text
        self._given = given
        self._depth = 0
        self._count = 0

    def condition(self, tree: Any) -> Condition:
        """The condition of one node.

        Raises:
            FilterError: it is of another kind than it is compared with, or the filter is too large.
        """
        read: Callable[[Any], Condition] = getattr(self, f"_{tree.data}")
        return read(tree)

    def _any_of(self, tree: Any) -> Condition:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FilterError(f"the filter has more than {_DEEPEST} parentheses or nots within each other",
                              hint=_EXAMPLE)  # fmt: skip
        found = _joined(" OR ", [self.condition(child) for child in tree.children])
        self._depth -= 1
        return found

    def _all_of(self, tree: Any) -> Condition:
        return _joined(" AND ", [self.condition(child) for child in tree.children])

    def _negated(self, tree: Any) -> Condition:
        below, count = tree.children[0], 1
        while below.data == "negated":  # not not a is a
            below, count = below.children[0], count + 1
        inner = self.condition(below)
        if count % 2 == 0:
            return Condition(f"coalesce({inner.sql}, 0)", inner.values)
        return Condition(f"NOT coalesce({inner.sql}, 0)", inner.values)

    def _compared(self, tree: Any) -> Condition:
        field, operator, value = self._parts(tree)
        return self._compare(field, str(operator), value, tree.children[2].meta.column)

    def _compare(self, field: Field, operator: str, value: Any, column: int) -> Condition:
        sql, values = field.expression
        operator = {"==": "=", "<>": "!="}.get(operator, operator)
        if field.kind == "metric" and not isinstance(value, float):
            raise _pointing(self._text, column, "a metric is compared with a number",
                            f"write metrics.{field.name} {operator} 0.5")  # fmt: skip
        if field.kind == "attribute":
            return self._compare_attribute(field, operator, value)
        if isinstance(value, float) and field.kind in ("param", "tag"):
            number = f"{sql} GLOB '*[0-9]*' AND CAST({sql} AS REAL) {operator} ?"
            return Condition(f"({number})", (*values, *values, value))
        if field.kind == "param" and operator == "=":
            return _or_declared(field, "= ?", value, Condition(
                f"{_BY_INDEX} params WHERE key = (SELECT id FROM keys WHERE name = ?) "
                "AND start = substr(?, 1, 64) AND value = ?)",
                (field.name, value, value),
            ))  # fmt: skip
        return Condition(f"{sql} {operator} ?", (*values, value))

    def _compare_attribute(self, field: Field, operator: str, value: Any) -> Condition:
        sql, _ = field.expression
        if field.name == "status" and isinstance(value, str):
            value = _STATUSES.get(value.lower(), value.lower())
        if field.name in _MILLISECONDS and isinstance(value, float) and value > 1e11:
            value /= 1000
        return Condition(f"{sql} {operator} ?", (value,))

    def _like(self, tree: Any) -> Condition:
        field, word, value = self._parts(tree)
        sql, values = field.expression
        if str(word).lower() == "ilike":
            return Condition(f"lower({sql}) LIKE lower(?) ESCAPE '\\'", (*values, value))
        # SQLite's LIKE knows no case; GLOB does
        pattern = re.sub(r"[*?\[]", r"[\g<0>]", str(value)).replace("%", "*").replace("_", "?")
        return Condition(f"{sql} GLOB ?", (*values, pattern))

    def _within(self, tree: Any) -> Condition:
        field = self._field(tree.children[0])
        options = list(dict.fromkeys(self._value(child) for child in tree.children[1:]))
        column = tree.children[1].meta.column
        if field.kind == "param" and all(isinstance(option, str) for option in options):
            listed = json.dumps(options)
            return _or_declared(field, "IN (SELECT value FROM json_each(?))", listed, Condition(
                f"{_BY_INDEX} params WHERE key = (SELECT id FROM keys WHERE name = ?) "
                "AND start IN (SELECT value FROM json_each(?)) "
                "AND value IN (SELECT value FROM json_each(?)))",
                (field.name, json.dumps([option[:64] for option in options]), listed),
            ))  # fmt: skip
        return _joined(" OR ", [self._compare(field, "=", option, column) for option in options])

    def _not_within(self, tree: Any) -> Condition:
        inner = self._within(tree)
        return Condition(f"NOT coalesce({inner.sql}, 0)", inner.values)

    def _absent(self, tree: Any) -> Condition:
        sql, values = self._field(tree.children[0]).expression
        return Condition(f"{sql} IS NULL", tuple(values))

    def _present(self, tree: Any) -> Condition:
        sql, values = self._field(tree.children[0]).expression
        return Condition(f"{sql} IS NOT NULL", tuple(values))

    def _parts(self, tree: Any) -> tuple[Field, Any, Any]:
        field, operator, value = tree.children
        return self._field(field), operator, self._value(value)

    def _field(self, tree: Any) -> Field:
        self._count += 1
        if self._count > _MOST:
            raise FilterError(f"a filter has {_MOST:,} conditions at most", hint=_EXAMPLE)
        column = tree.meta.column
        if len(tree.children) == 1:
            return _field(self._text, "", str(tree.children[0]), column)
        kind, key = tree.children
        field = _field(self._text, str(kind), ".".join(_bare(str(part)) for part in key.children), column)
        return replace(field, given=self._given)

    def _value(self, tree: Any) -> Any:
        token = tree.children[0]
        if tree.data == "value" and getattr(token, "type", "") == "NUMBER":
            return float(token)
        text = str(token.children[0] if tree.data == "value" else token)
        quote = text[0]
        return re.sub(r"\\(.)", r"\1", text[1:-1].replace(quote * 2, quote))


_STATUSES = {"scheduled": "pending"}
_BY_INDEX = "(+r.seq IN (SELECT run FROM"  # one look into an index for all runs; the + keeps it a test


def _or_declared(field: Field, test: str, value: Any, found: Condition) -> Condition:
    """What an index has found, or a pipeline's run that takes the param so, and was given nothing else."""
    if field.given:
        return Condition(f"{found.sql})", found.values)
    sql, names = field.expression
    return Condition(f"{found.sql} OR r.kind = 'pipeline' AND {sql} {test})", (*found.values, *names, value))


def _joined(word: str, conditions: Sequence[Condition]) -> Condition:
    if len(conditions) == 1:
        return conditions[0]
    conditions = sorted(conditions, key=lambda c: not c.sql.startswith(_BY_INDEX))  # the cheapest first
    return Condition(
        _balanced(word, [condition.sql for condition in conditions]),
        tuple(value for condition in conditions for value in condition.values),
    )


def _balanced(word: str, parts: Sequence[str]) -> str:
    """The parts joined in halves: SQLite takes no expression of more than 1,000 levels."""
    if len(parts) < 4:
        return "(" + word.join(parts) + ")"
    half = len(parts) // 2
    return f"({_balanced(word, parts[:half])}{word}{_balanced(word, parts[half:])})"
