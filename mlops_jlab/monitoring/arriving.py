"""What is new at a source that is watched: files of rows, a prediction log, and labels that come later."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlops_jlab.datasets import contents
from mlops_jlab.datasets.contents import Source
from mlops_jlab.monitoring import logged
from mlops_jlab.monitoring.labels import Labels
from mlops_jlab.monitoring.logged import Service
from mlops_jlab.monitoring.losses import Labelled, Loss
from mlops_jlab.predictions import logfolder
from mlops_jlab.profiles import chunks
from mlops_jlab.profiles.profile import Profile
from mlops_jlab.registry import references


@dataclass(frozen=True)
class Arrived:
    """What is new. ``seen`` are all files up to now with what they are known by.

    ``files`` are the new tables with the profile ``current`` (None where only labels are new), ``late`` the
    new files of labels. Of a log ``hidden`` are the columns that nothing is known of, and ``service`` is how
    it went. ``loss`` is a metric of the rows whose truth is known.
    """

    current: Profile | None
    seen: Mapping[str, str]
    files: Sequence[Path] = ()
    late: Sequence[Path] = ()
    hidden: frozenset[str] = frozenset()
    service: Service | None = None
    loss: Loss | None = None

    @property
    def rows(self) -> int:
        """How many rows are new."""
        return self.current.rows if self.current is not None else 0


def arrived(
    source: Source, labelled: Labelled, labels: Labels | None, before: Mapping[str, str]
) -> Arrived | None:
    """What a source has that was not seen ``before``; None if nothing is new.

    Raises:
        InputError: there are no files of rows, one cannot be read, or it is the log of another model.
    """
    if is_log(source):
        return _logged(source, labelled, before)
    seen, files = _new(source, before)
    late: list[Path] = []
    if labels is not None and labels.source is not None:
        with suppress(contents.NothingThere):  # the first labels come later than the first rows
            more, late = _new(contents.source_of(labels.source), before, "labels:")
            seen |= more
    if not files and not late:
        return None
    current = _profile(labelled, files) if files else None
    return Arrived(current, seen, files, late, loss=labelled.loss())


def is_log(source: Source) -> bool:
    """Whether a source is the log of a served version."""
    return source.kind == "folder" and logfolder.is_log(source.base)


def _logged(source: Source, labelled: Labelled, before: Mapping[str, str]) -> Arrived | None:
    """What a served version was asked, and how it went."""
    found = logged.window(source.base, labelled.version, labelled.model, before)
    if found is None:
        return None
    profile = found.profile or Profile(0, ())
    return Arrived(profile, found.seen, hidden=found.hidden, service=found.service, loss=found.loss)


def _new(source: Source, before: Mapping[str, str], mark: str = "") -> tuple[dict[str, str], list[Path]]:
    """The digests of all files at a source, by path, and the tables among them that are new."""
    files = contents.files_of(source)
    new = [
        source.base / file.path for file in files
        if before.get(mark + file.path) != file.digest and chunks.is_table(Path(file.path))
    ]  # fmt: skip
    return {mark + file.path: file.digest for file in files}, new


def _profile(labelled: Labelled, files: Iterable[Path]) -> Profile:
    """What the files look like with what the model says of them; rows whose truth is known are measured."""
    inputs = references.inputs_of(labelled.version)

    def looks(part: Any) -> Profile:
        labelled.add(part)
        return references.profile_of(labelled.model, part, inputs)

    found = chunks.gathered(looks(part) for file in files for part in chunks.of_file(file))
    return found if found is not None else Profile(0, ())
