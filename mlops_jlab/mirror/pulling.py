"""Runs of an MLflow server → our store. Those that came from here come back under their own ids."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mlops_jlab.errors import TrackingError
from mlops_jlab.mirror import words
from mlops_jlab.mirror.client import Server
from mlops_jlab.store import artifacts, database
from mlops_jlab.store.applying import Applier
from mlops_jlab.store.journal import Line
from mlops_jlab.store.location import Place

if TYPE_CHECKING:
    import sqlite3


class Pull:
    """One pull from a server into a store."""

    def __init__(self, place: Place, connection: sqlite3.Connection, server: Server) -> None:
        self._place = place
        self._connection = connection
        self._server = server
        self._applier = Applier(connection)
        self.skipped: list[str] = []

    def all(self, experiments: Sequence[str] = ()) -> int:
        """Takes every run that is not here yet, or was not over when it was taken; how many.

        Raises:
            StoreError: the server does not answer.
        """
        count = 0
        with self._server.speaking():
            runs = sorted(self._server.all_runs(experiments), key=lambda entry: entry[1].info.start_time)
            ids = {run.info.run_id: _id(run) for _, run in runs}
            for experiment, run in runs:
                if not self._is_done(ids[run.info.run_id]):
                    self._take(experiment, run, ids)
                    count += 1
        return count

    def _is_done(self, run_id: str) -> bool:
        row = self._connection.execute("SELECT status, kind FROM runs WHERE id = ?", (run_id,)).fetchone()
        return row is not None and (row[0] not in ("pending", "running") or row[1] != "mlflow")

    def _take(self, experiment: str, run: Any, ids: dict[str, str]) -> None:
        tags = run.data.tags
        run_id, attempt = ids[run.info.run_id], int(tags.get("mlops_jlab.attempt", 1))
        more = self._record(run)
        fields = {
            "name": run.info.run_name or run.info.run_id[:8], "experiment": experiment,
            "parent": ids.get(tags.get("mlflow.parentRunId", ""), tags.get("mlflow.parentRunId", "")),
            "grouping": tags.get("mlops_jlab.group", ""), "kind": tags.get("mlops_jlab.kind", "mlflow"),
            "source": tags.get("mlflow.source.name", ""), "user": tags.get("mlflow.user", ""),
            "owner": "", "started": more.get("started") or run.info.start_time / 1000,
        }  # fmt: skip
        lines: list[Line] = [["run", run_id, attempt, fields]]
        at = run.info.start_time / 1000
        values = {words.name_back(key): value for key, value in run.data.params.items()} | more.get(
            "params", {}
        )
        lines += [["param", run_id, attempt, key, value, at] for key, value in values.items()]
        own = words.own_tags(tags) | more.get("tags", {})
        lines += [["tag", run_id, attempt, key, value] for key, value in own.items()]
        note = more.get("note") or tags.get("mlflow.note.content", "")
        if note:
            lines.append(["note", run_id, attempt, note])
        facts = more.get("facts", {}) | {"mlflow": {"server": self._server.address, "run": run.info.run_id}}
        lines.append(["facts", run_id, attempt, facts])
        for remote_name in run.data.metrics:
            name = words.name_back(remote_name)
            zeros = set(more.get("negative_zeros", {}).get(name, ()))
            for point in self._server.history(run.info.run_id, remote_name):
                value = -0.0 if point.iteration in zeros else words.number_back(point.value)
                lines.append(["m", run_id, attempt, name, point.iteration, value, point.at])
        lines += self._files(run, run_id, attempt)
        status = words.status_back(run.info.status)
        if status.is_over:
            ended = more.get("ended") or (run.info.end_time or run.info.start_time) / 1000
            lines.append(["end", run_id, attempt, {
                "status": str(status), "reason": tags.get("mlops_jlab.reason", ""), "ended": ended,
                "duration": float(tags.get("mlops_jlab.duration", ended - at)),
            }])  # fmt: skip
        with database.transaction(self._connection, durable=True):
            self._applier.apply(lines)

    def _record(self, run: Any) -> dict[str, Any]:
        """What fitted no tag when the run was sent from here."""
        text = run.data.tags.get(words.FACTS, "")
        if not text and words.ID in run.data.tags:
            names = set(self._server.files(run.info.run_id, "mlops_jlab"))
            if words.RECORD in names:
                text = self._server.get_file(run.info.run_id, words.RECORD).decode()
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    def _files(self, run: Any, run_id: str, attempt: int) -> list[Line]:
        lines: list[Line] = []
        for name in self._server.files(run.info.run_id):
            if name == words.RECORD:
                continue
            try:
                safe = artifacts.check_name(name)
            except TrackingError as error:
                self.skipped.append(f"{run.info.run_id}: {error.message}")
                continue
            content = self._server.get_file(run.info.run_id, name)
            lines.append(["artifact", run_id, attempt, safe, *artifacts.put(self._place, [content])])
        return lines


def _id(run: Any) -> str:
    return str(run.data.tags.get(words.ID) or run.info.run_id)
