"""The version that answers now: it follows its alias, and is replaced between two requests."""

from __future__ import annotations

import threading
from typing import Any

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import MlopsError
from mlops_jlab.registry import modelfiles, versions
from mlops_jlab.store.location import Place
from mlops_jlab.telling import tell

PAUSE = 2.0  # seconds between two looks at the alias


class Served:
    """A model at an address. Whoever asks for :attr:`now` has a version and its model that belong together.

    Raises:
        InputError: there is no such version, or its model cannot be loaded.
    """

    def __init__(self, place: Place, address: str, *, trust: bool = False) -> None:
        self.address = address
        self.problem = ""  # why the version that the alias points at is not the one that answers
        self._place, self._trust = place, trust
        self.now: tuple[ModelVersion, Any] = self._load(versions.find(place, address))
        self._stopped = threading.Event()

    def _load(self, version: ModelVersion) -> tuple[ModelVersion, Any]:
        return version, modelfiles.load(self._place, version, trust=self._trust)

    def look(self) -> bool:
        """Looks where the alias points; whether another version answers from now on.

        One that cannot be loaded is told, and the version before it goes on answering.
        """
        try:
            version = versions.find(self._place, self.address)
            if version.id == self.now[0].id:
                self.problem = ""
                return False
            self.now = self._load(version)
        except MlopsError as error:
            if self.problem != error.message:
                self.problem = error.message
                tell(f"{self.now[0].title} goes on answering: {error.message}", once=False)
            return False
        self.problem = ""
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
