"""Evaluation rows: what models take of them, what they say of them, and what a gate must refuse."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mlops_jlab.errors import InputError, nearest
from mlops_jlab.gates.metrics import Metric, Predicted
from mlops_jlab.gates.rules import ONE_SIDED, Rule
from mlops_jlab.registry import rowdigests, saidvalues
from mlops_jlab.registry.saidvalues import listed

_PLAIN_CLASSES = ([0, 1], [-1, 1])  # of which 1, or True, is the positive one


@dataclass(frozen=True)
class Taken:
    """What a model takes: the rows, and the names of their columns."""

    rows: Any
    names: tuple[str, ...]


class EvaluationRows:
    """The rows of a DataFrame with their truth, weights, and what two rows are told apart by."""

    def __init__(
        self, data: Any, target: str | Any, *, weights: str | Any = None, columns: Sequence[str] = ()
    ) -> None:
        if not hasattr(data, "columns") or not hasattr(data, "iloc"):
            raise InputError(
                "the evaluation rows are not a DataFrame", hint="pandas.DataFrame(rows, columns=...)"
            )
        twice = [str(name) for name in data.columns[data.columns.duplicated()]]
        if twice:
            raise InputError(f"the data has two columns {twice[0]!r}", hint="give each a name of its own")
        self.target = target if isinstance(target, str) else str(getattr(target, "name", None) or "")
        if isinstance(target, str):
            truth, data = self._column(data, target, "the target"), data.drop(columns=[target])
        else:
            truth = target
            saidvalues.check_order(target, data, "the target")
        self.weights = None
        if weights is not None:
            if isinstance(weights, str):
                found, data = self._column(data, weights, "the weights"), data.drop(columns=[weights])
            else:
                found = weights
                saidvalues.check_order(weights, data, "the weights")
            self.weights = saidvalues.weights_of(found, len(data))
        self.data = data
        self.truth = saidvalues.truth_of(truth, len(data))
        if isinstance(columns, str) or len({*columns}) != len(columns):
            raise InputError(
                f"columns={columns!r:.80} is not a list of different columns", hint="columns=[...]"
            )
        self.order = [str(name) for name in columns]
        for name in self.order:
            self._column(data, name, "one of columns=")

    @staticmethod
    def _column(data: Any, name: str, what: str) -> Any:
        if name not in data.columns:
            near = nearest(name, [str(column) for column in data.columns])
            raise InputError(f"the data has no column {name!r}, {what}{near}", hint="name the column")
        return data[name]

    def column(self, name: str, what: str) -> Any:
        """One column of the rows; ``what`` it is for stands in the error.

        Raises:
            InputError: there is none of that name.
        """
        return self._column(self.data, name, what)

    def taken_by(self, model: Any, whose: str, signature: Mapping[str, Any] | None = None) -> Taken:
        """The columns that a model takes, in its order.

        A model that knows their names gets those. One that was fitted on a plain array takes what stands at
        each place: then ``signature`` (of the registered version) or ``columns=`` must agree with the data.

        Raises:
            InputError: columns are missing, too many, or in another order.
        """
        names = getattr(model, "feature_names_in_", None)
        if names is not None:
            missing = [str(name) for name in names if name not in self.data.columns]
            if missing:
                near = nearest(missing[0], [str(name) for name in self.data.columns])
                raise InputError(
                    f"{whose} takes columns that the data does not have: {', '.join(missing[:8])}{near}",
                    hint="evaluate on rows with all columns that both models take",
                )
            return Taken(self.data[list(names)].copy(), tuple(map(str, names)))  # a model may change them
        found = self.data[self.order] if self.order else self.data
        own = [str(name) for name in found.columns]
        width = getattr(model, "n_features_in_", None)
        inputs = list((signature or {}).get("inputs", []))
        known = [str(one["name"]) for one in inputs if not one.get("shape")]
        width = width if width is not None else len(known) or _width(inputs)
        if width and len(own) != width:
            raise InputError(
                f"{whose} takes {width} columns by their places, and the data has {len(own)}: "
                f"{', '.join(own[:8])}",
                hint="name those it takes, in its order: columns=[...]",
            )
        for place, (mine, wanted) in enumerate(zip(own, known, strict=False)):
            if mine != wanted:
                raise InputError(
                    f"{whose} takes {wanted!r} at place {place}, where the data has {mine!r}",
                    hint=f"name the columns in its order: columns={known[:8]}",
                )
        plain = hasattr(model, "n_features_in_")
        return Taken(found.to_numpy(copy=True) if plain else found.copy(), tuple(own))

    def predicted(
        self, model: Any, taken: Taken, whose: str, *, positive: Any = None, classes: Sequence[Any] = (),
        custom: Mapping[str, Metric] | None = None, places: Any = slice(None),
    ) -> Predicted:  # fmt: skip
        """What a model says of the rows. ``classes`` are the challenger's, where it is the champion.

        ``places`` are those of the rows that ``taken`` has, if it has not all.

        Raises:
            InputError: the model cannot predict them, or what it says cannot be judged; with what and where.
        """
        if not len(taken.rows):
            return Predicted(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)), (0, 1))
        said, own, chances = _asked(model, taken.rows, whose)
        true, weights = self.truth[places], None if self.weights is None else self.weights[places]
        saidvalues.check_shape(said, len(taken.rows), f"the predictions of {whose}")
        if own is None:
            if positive is not None:
                raise InputError(f"positive={positive!r} names a class, and {whose} predicts numbers",
                                 hint="leave positive= out")  # fmt: skip
            truth = saidvalues.numbers(true, "the target", "a model without classes predicts numbers")
            values = saidvalues.numbers(said, f"the predictions of {whose}", "")
            return Predicted(truth, values, weights=weights, custom=custom or {})
        known = ordered(own, positive, whose)
        if classes and set(classes) != set(known):
            raise InputError(
                f"{whose} knows the classes {listed(known)}, the challenger {listed(classes)}",
                hint="fit both on the same classes, or compare with another version: against=",
            )
        known = list(classes) or known
        truth = saidvalues.codes_of(true, known, "the target")
        labels = saidvalues.codes_of(said, known, f"the predictions of {whose}")
        if chances is not None:
            chances = saidvalues.chances_of(chances, own, known, whose)
        return Predicted(truth, labels, chances, tuple(known), weights, custom=custom or {})

    def columns(self, rules: Sequence[Rule]) -> Mapping[str, Any]:
        """The columns that the rules name.

        Raises:
            InputError: the data does not have one of them, or one in bins holds no numbers.
        """
        known = {str(name): name for name in self.data.columns}
        found: dict[str, Any] = {}
        for rule in rules:
            if rule.column and rule.column not in known:
                raise InputError(
                    f"{rule.text!r}: the data has no column {rule.column!r}{nearest(rule.column, known)}",
                    hint=f"columns: {', '.join(known)}"[:300],
                )
            if rule.column:
                found[rule.column] = self.data[known[rule.column]].to_numpy()
            if rule.kind == "bins":
                found[rule.column] = saidvalues.numbers(
                    found[rule.column], f"{rule.text!r}: column {rule.column!r}",
                    f"write without bins: slice {rule.column}", gaps=True,
                )  # fmt: skip
        return found

    def units(self, column: str) -> Any:
        """A code for each row that says which rows hang together.

        Raises:
            InputError: some rows have none.
        """
        self._check_known(column, "unit")
        return np.unique(self.data[column].astype(str).to_numpy(), return_inverse=True)[1]

    def _check_known(self, column: str, kind: str) -> None:
        missing = self.data[column].isna().to_numpy()
        if missing.any():
            raise InputError(
                f"{f'{kind} {column}'!r}: {int(missing.sum()):,} rows have no value there, "
                f"the first is row {int(missing.argmax())}",
                hint="leave rows without one out, or give them one",
            )

    def hashes(self, seen: Sequence[str], rules: Sequence[Rule]) -> Any:
        """A hash for each row: of the column that identifies it, or of what models see, truth and unit."""
        name = next((rule.column for rule in rules if rule.kind == "id"), "")
        if name:
            self._check_known(name, "id")
            return rowdigests.of(self.data, [name])
        unit = [rule.column for rule in rules if rule.kind == "unit"]
        return rowdigests.of(self.data, sorted({*seen, *unit}), self.truth)


def _asked(model: Any, rows: Any, whose: str) -> tuple[Any, list[Any] | None, Any]:
    try:
        said = model.predict(rows)
        own = getattr(model, "classes_", None)
        chances = model.predict_proba(rows) if hasattr(model, "predict_proba") else None
    except (Exception, SystemExit) as error:  # whatever a model's own code raises
        raise InputError(
            f"{whose} cannot predict the rows: {type(error).__name__}: {error}",
            hint="are there values that it has never seen, or none at all?",
        ) from error
    if isinstance(own, (list, tuple)) and own and isinstance(own[0], np.ndarray):
        raise InputError(f"{whose} predicts {len(own)} targets at once", hint="judge one model a target")
    known = None if own is None else np.asarray(own).tolist()
    said = saidvalues.whole(said, rows, f"the predictions of {whose}")
    if chances is not None:
        chances = saidvalues.by_class(chances, known)
        chances = saidvalues.whole(chances, rows, f"the probabilities of {whose}")
    return said, known, chances


def ordered(own: Sequence[Any], positive: Any, whose: str) -> list[Any]:
    """The classes in order, of two the positive one last.

    Raises:
        InputError: ``positive`` is none of them.
    """
    known = sorted(own, key=lambda value: (type(value).__name__ if isinstance(value, str) else "", value))
    if positive is None:
        return known
    if positive not in known:
        raise InputError(
            f"{whose} knows no class {positive!r}, the positive one",
            hint=f"it knows: {listed(known)}",
        )
    if len(known) != 2:
        raise InputError("one positive class is for models of two classes", hint="leave positive= out")
    return [value for value in known if value != positive] + [value for value in known if value == positive]


def needs_positive(classes: Sequence[Any], positive: Any) -> bool:
    """Whether which of two classes is the positive one is not known."""
    return positive is None and len(classes) == 2 and list(classes) not in _PLAIN_CLASSES


def check_positive(classes: Sequence[Any], positive: Any, rules: Sequence[Rule]) -> None:
    """Refuses rules that need to know which class is the positive one, where nobody has said it.

    Raises:
        InputError: the classes are not 0 and 1, or the like, and ``positive`` is None.
    """
    needing = next((rule for rule in rules if rule.metric in ONE_SIDED), None)
    if needing is None or not needs_positive(classes, positive):
        return
    raise InputError(
        f"{needing.text!r}: which of {listed(classes)} is the positive class is not known",
        hint=f"name it: positive={classes[0]!r}, or positive={classes[1]!r}",
    )


def _width(inputs: Sequence[Mapping[str, Any]]) -> int:
    shape = inputs[0].get("shape") if len(inputs) == 1 else None
    return int(shape[0]) if shape and len(shape) == 1 else 0
