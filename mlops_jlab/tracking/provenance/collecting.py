"""Collects where a run came from: in a thread when it begins, and once more when it ends."""

from __future__ import annotations

import json
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlops_jlab.errors import MlopsError
from mlops_jlab.loaded import file_of
from mlops_jlab.masking import masked
from mlops_jlab.store import artifacts
from mlops_jlab.store.location import Place
from mlops_jlab.tracking.live import LiveRun
from mlops_jlab.tracking.provenance import notebook
from mlops_jlab.tracking.provenance.usage import Usage

_KINDS = {".ipynb": "notebook", ".yaml": "notebooks", ".yml": "notebooks"}
_LARGEST_NOTEBOOK = 50 << 20  # bytes
_FORK_WAITS = 2.0  # seconds


class _Quiet:
    """Held while a thread of ours imports: a fork in the middle leaves the child an import lock for ever."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._held = False

    def before_fork(self) -> None:
        """Waits for the thread, but not for ever."""
        self._held = self.lock.acquire(timeout=_FORK_WAITS)

    def in_parent(self) -> None:
        """The thread may go on."""
        if self._held:
            self.lock.release()

    def in_child(self) -> None:
        """There is no such thread here."""
        self.lock = threading.RLock()


_quiet = _Quiet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_quiet.before_fork, after_in_parent=_quiet.in_parent, after_in_child=_quiet.in_child
    )


class Provenance:
    """The origin of one run; with ``samples``, what it takes of the machine as well."""

    def __init__(self, run: LiveRun, source: Path | None, *, samples: bool = True) -> None:
        self._run = run
        self._samples = samples
        self._usage = Usage()
        self._source = source
        self._folder = Path.cwd()
        self._git: dict[str, Any] = {}
        self._thread = threading.Thread(target=self._begin, name="mlops-jlab provenance", daemon=True)
        self._thread.start()

    def _begin(self) -> None:
        """What takes a while: git, the machine, the notebook as it is now."""
        with _quiet.lock, suppress(MlopsError, OSError):
            if self._samples:
                from mlops_jlab.tracking.provenance import sampling

                sampling.watch_this_process(self._run)
            from mlops_jlab.tracking.provenance import code, machine

            facts: dict[str, Any] = {
                "machine": machine.machine(), "directory": str(self._folder),
                "command": [masked(word) for word in sys.argv[:20]],
            }  # fmt: skip
            source = self._source
            git, diff = code.state_of(source.parent if source and source.parent.is_dir() else self._folder)
            if git:
                facts["git"] = git
                self._git = git
            if diff:
                text = diff.decode("utf-8", "surrogateescape")
                kept = masked(text)
                facts["git"]["diff"] = self._keep(kept.encode("utf-8", "surrogateescape"))
                if kept != text:
                    facts["git"]["diff_masked"] = True
            if source is not None:
                facts[_KINDS.get(source.suffix, "script")] = self._file(source)
            self._run.add_facts(facts)

    def _file(self, source: Path) -> dict[str, Any]:
        found: dict[str, Any] = {"path": str(source)}
        if source.is_file() and source.stat().st_size <= _LARGEST_NOTEBOOK:
            found["digest"] = self._keep(source.read_bytes())
        return found

    def _untracked(self) -> dict[str, Any]:
        """What was imported by now that no commit has makes the tree dirty, whatever the diff said."""
        root = self._git.get("root", "")
        if not root:
            return {}
        from mlops_jlab.tracking.provenance import code

        modules = [file_of(module) for module in list(sys.modules.values())]
        files = [name for name in [*modules, str(self._source or "")] if name]
        missing = code.untracked(root, files)
        if missing is None:
            return {} if self._git["dirty"] is True else {"git": {"dirty": code.UNKNOWN}}
        return {"git": {"dirty": True, "untracked": missing[:50]}} if missing else {}

    def _keep(self, content: bytes) -> str:
        return artifacts.put(self._run.recorder.place, [content])[0]

    def end(self) -> None:
        """What is known at the end: packages, use of the machine, the executed cells."""
        from mlops_jlab.tracking.provenance import machine

        self._thread.join(timeout=5.0)
        if self._samples:
            from mlops_jlab.tracking.provenance import sampling

            sampling.leave(self._run)
        with suppress(MlopsError, OSError):
            facts: dict[str, Any] = {
                "packages": machine.packages(),
                "usage": self._usage.facts(*price(self._run.recorder.place)),
            }
            facts |= self._untracked()
            cells = notebook.executed_cells()
            if cells:
                facts["cells"] = self._keep(json.dumps(cells, ensure_ascii=False).encode("utf-8", "replace"))
            self._run.add_facts(facts)


def price(place: Place) -> tuple[float, str]:
    """What an hour of this machine costs, and in which currency.

    From ``MLOPS_JLAB_PRICE_PER_HOUR`` (such as ``1.20 EUR``), else ``settings.json`` in the store's
    folder (``{"price_per_hour": 1.2, "currency": "EUR"}``).
    """
    words = os.environ.get("MLOPS_JLAB_PRICE_PER_HOUR", "").split()
    with suppress(ValueError):
        if words:
            return float(words[0]), words[1] if len(words) > 1 else ""
    with suppress(OSError, ValueError, TypeError, AttributeError):
        settings = json.loads((place.root / "settings.json").read_text("utf-8"))
        return float(settings.get("price_per_hour", 0)), str(settings.get("currency", ""))
    return 0.0, ""
