"""Our runs → an MLflow server. Sending twice changes nothing; what was cut off is sent again."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from mlops_jlab.entities.runs import Artifact, Point, Run
from mlops_jlab.mirror import versions, words
from mlops_jlab.mirror.client import Server
from mlops_jlab.store import artifacts, database, reading
from mlops_jlab.store.location import Place

if TYPE_CHECKING:
    import sqlite3

_PAGE = 200


@dataclass
class Sent:
    """What the server has of a run.

    ``points`` are the last iteration and the number of each metric, ``zeros`` the iterations of its -0.0.
    """

    digest: str = ""
    points: dict[str, list[int]] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    zeros: dict[str, list[int]] = field(default_factory=dict)


@dataclass
class Pushed:
    """How a push went."""

    runs: int = 0
    unchanged: int = 0
    versions: int = 0
    notes: list[str] = field(default_factory=list)


class Push:
    """One push of a store to a server."""

    def __init__(self, place: Place, connection: sqlite3.Connection, server: Server) -> None:
        self._place = place
        self._connection = connection
        self._server = server
        self._known: dict[str, dict[str, str]] = {}
        self._remotes: dict[str, str] = {}
        self.result = Pushed()

    def all(self, told: Callable[[Pushed], None] = lambda _result: None) -> Pushed:
        """Sends everything that the server does not have yet, the oldest first: runs, then registered models.

        Raises:
            StoreError: the server does not answer; what was sent is remembered.
        """
        for run in self._runs():
            with self._server.speaking():
                self._run(run)
            told(self.result)
        self.result.versions = versions.push(self._place, self._connection, self._server, self._remotes)
        return self.result

    def _runs(self) -> Iterator[Run]:
        last = 0
        while True:
            rows = self._connection.execute(
                "SELECT seq FROM runs WHERE seq > ? ORDER BY seq LIMIT ?", (last, _PAGE)
            ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield from reading.load(self._connection, [row[0] for row in rows])

    def _run(self, run: Run) -> None:
        if run.kind == "mlflow":
            return  # it came from there
        remote, sent = self._state(run)
        files = reading.artifacts(self._connection, run)
        digest = _digest(run, files)
        if remote and sent.digest == digest:
            self._remotes[run.id] = remote
            self.result.unchanged += 1
            return
        if run.deleted is not None:
            if remote:
                self._server.remove(remote)
                self._remember(run, remote, Sent(digest))
            return
        remote = remote or self._find_or_create(run)
        self._remotes[run.id] = remote
        self._remember(run, remote, sent)
        self._send(run, remote, sent, files)
        sent.digest = digest
        self._remember(run, remote, sent)
        self.result.runs += 1

    def _state(self, run: Run) -> tuple[str, Sent]:
        row = self._connection.execute(
            "SELECT remote, sent FROM mirrored WHERE run = ? AND server = ?", (run.seq, self._server.address)
        ).fetchone()
        return (row[0], Sent(**json.loads(row[1]))) if row else ("", Sent())

    def _remember(self, run: Run, remote: str, sent: Sent) -> None:
        with database.transaction(self._connection):
            self._connection.execute(
                "INSERT OR REPLACE INTO mirrored VALUES (?, ?, ?, ?)",
                (run.seq, self._server.address, remote, json.dumps(asdict(sent))),
            )

    def _find_or_create(self, run: Run) -> str:
        """Our id is a tag there, and is looked up before anything is made."""
        experiment = self._server.experiment(run.experiment)
        if experiment not in self._known:
            self._known[experiment] = self._server.known(experiment, words.ID)
        found = self._known[experiment].get(run.id)
        if found:
            return found
        return self._server.create(experiment, run.name, run.started, self._tags(run))

    def _tags(self, run: Run) -> dict[str, str]:
        return words.tags(run, self._remotes.get(run.parent, ""))

    def _send(self, run: Run, remote: str, sent: Sent, files: list[Artifact]) -> None:
        params, long = words.params(run)
        tags = self._tags(run)
        fresh = {key: value for key, value in params.items() if key not in sent.params}
        for key, value in run.params.items():
            shown = params[words.name(key)]
            if sent.params.get(words.name(key), shown) != shown:  # MLflow has no corrections
                tags[f"mlops_jlab.corrected.{words.name(key)}"[: words.LONGEST_NAME]] = shown[
                    : words.LONGEST_TAG
                ]
                long[key] = value
        self._server.log(remote, self._points(run, sent), fresh, tags)
        sent.params |= fresh
        record = words.record(run, long, sent.zeros)
        if len(record) <= words.LONGEST_TAG:
            self._server.log(remote, (), {}, {words.FACTS: record})
        else:
            self._server.put_file(remote, words.RECORD, record.encode())
            self._server.log(remote, (), {}, {words.FACTS: ""})  # an older one would be read first
        for file in files:
            if sent.files.get(file.path) != file.digest:
                self._server.put_file(remote, file.path, artifacts.read(self._place, file.digest))
                sent.files[file.path] = file.digest
        self._server.end(remote, words.status(run.status), run.ended)

    def _points(self, run: Run, sent: Sent) -> Iterator[tuple[str, Point]]:
        """The points that the server does not have; all of a metric where some came out of order."""
        for name in run.metrics:
            points = reading.history(self._connection, run, name)
            last, count = sent.points.get(name, [-(1 << 62), 0])
            new = [point for point in points if point.iteration > last]
            chosen = new if count + len(new) == len(points) else points
            if chosen is points:
                sent.zeros.pop(name, None)
            for point in chosen:
                if point.value == 0 and math.copysign(1, point.value) < 0:
                    sent.zeros.setdefault(name, []).append(point.iteration)
                yield words.name(name), Point(point.iteration, words.number(point.value), point.at)
            if points:
                sent.points[name] = [points[-1].iteration, len(points)]


def _digest(run: Run, files: list[Artifact]) -> str:
    content: dict[str, Any] = asdict(run) | {"files": [asdict(file) for file in files]}
    for passing in ("heartbeat", "owner", "seq"):
        content.pop(passing)
    return str(blake3(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()[:32])
