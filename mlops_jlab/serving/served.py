"""The version that answers now: it follows its alias, and is replaced between two requests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import MlopsError
from mlops_jlab.files import PRIVATE, write_whole
from mlops_jlab.registry import modelfiles, versions
from mlops_jlab.store.location import Place
from mlops_jlab.telling import tell

PAUSE = 2.0  # seconds between two looks at the alias


class Served:
    """A model at an address. Whoever asks for :attr:`now` has a version and its model that belong together.

    ``kept`` is a file that says which version answers: a process that begins while the one that the alias
    points at cannot be loaded goes on with that. ``behind`` is told whether that is so, whenever it changes.

    Raises:
        InputError: there is no such version, or its model cannot be loaded.
    """

    def __init__(
        self, place: Place, address: str, *, trust: bool = False, kept: Path | None = None,
        behind: Callable[[bool], object] = lambda _: None,
    ) -> None:  # fmt: skip
        self.address = address
        self.problem = ""  # why the version that the alias points at is not the one that answers
        self._place, self._trust, self._kept, self._behind = place, trust, kept, behind
        self.now: tuple[ModelVersion, Any] = self._first()
        self._keep()
        self._stopped = threading.Event()

    def _first(self) -> tuple[ModelVersion, Any]:
        try:
            return self._load(versions.find(self._place, self.address))
        except MlopsError as error:
            last = ""
            with suppress(OSError):
                last = self._kept.read_text("utf-8") if self._kept is not None else ""
            if not last:
                raise
            found = self._load(versions.find(self._place, last))
            self._refuse(found[0], error.message)
            return found

    def _keep(self) -> None:
        if self._kept is not None:
            version = self.now[0]
            with suppress(OSError):  # it is for processes that begin later
                write_whole(self._kept, f"{version.model}/{version.version}".encode(), PRIVATE)

    def _refuse(self, version: ModelVersion, why: str) -> None:
        if self.problem != why:
            self.problem = why
            self._behind(True)
            tell(f"{version.title} goes on answering: {why}", once=False)

    def _stand(self) -> None:
        """Nothing stands against the version that answers."""
        if self.problem:
            self.problem = ""
            self._behind(False)

    def _load(self, version: ModelVersion) -> tuple[ModelVersion, Any]:
        return version, modelfiles.load(self._place, version, trust=self._trust)

    def look(self) -> bool:
        """Looks where the alias points; whether another version answers from now on.

        One that cannot be loaded is told, and the version before it goes on answering.
        """
        try:
            version = versions.find(self._place, self.address)
            if version.id == self.now[0].id:
                self._stand()
                return False
            self.now = self._load(version)
        except MlopsError as error:
            self._refuse(self.now[0], error.message)
            return False
        except Exception as error:  # whatever a file that was tampered with makes a library raise
            self._refuse(self.now[0], f"{type(error).__name__}: {error}")
            return False
        self._stand()
        self._keep()
        tell(f"{version.title} answers from now on", once=False)
        return True

    def follow(self, pause: float = PAUSE) -> threading.Thread:
        """Looks again and again, in a thread of its own, until :meth:`stop`."""
        thread = threading.Thread(target=self._follow, args=(pause,), name="mlops-jlab-alias", daemon=True)
        thread.start()
        return thread

    def _follow(self, pause: float) -> None:
        while not self._stopped.wait(pause):
            self.look()

    def stop(self) -> None:
        """Follows the alias no longer."""
        self._stopped.set()
