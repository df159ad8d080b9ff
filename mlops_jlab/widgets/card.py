"""The card of a run that follows it live, and stays as HTML when the run is over."""

from __future__ import annotations

import threading
from typing import Any

from mlops_jlab.errors import MlopsError
from mlops_jlab.tracking import finding, pages
from mlops_jlab.tracking.live import LiveRun

INTERVAL = 1.0  # seconds


class LiveCard:
    """A run's card as a widget; a thread draws it anew while the run is open."""

    def __init__(self, run: LiveRun) -> None:
        import ipywidgets

        self._run = run
        self._body = ipywidgets.HTML()
        self._bar = ipywidgets.FloatProgress(min=0.0, max=1.0, layout={"width": "300px", "display": "none"})
        self.widget = ipywidgets.VBox([self._body, self._bar])
        self._handle: Any = None
        self._over = threading.Event()
        self.html = ""
        self.draw()

    def draw(self) -> None:
        """Draws the run as the store has it now. A metric ``progress`` (0 to 1) moves the bar."""
        try:
            found = finding.get_run(self._run.id)
        except MlopsError:
            return
        self.html = self._body.value = pages.card(found)
        progress = found.metrics.get("progress")
        if progress is not None:
            self._bar.layout.display = ""
            self._bar.value = progress.latest
        if found.status.is_over:
            self._over.set()

    def show(self) -> None:
        """Shows the card and follows the run."""
        from IPython.display import display

        made = self.widget._repr_mimebundle_()
        bundle: dict[str, Any] = {**(made[0] if isinstance(made, tuple) else made)}
        bundle |= {"text/html": self.html, "text/plain": repr(self._run)}
        self._handle = display(bundle, raw=True, display_id=True)
        threading.Thread(target=self._follow, name="mlops-jlab card", daemon=True).start()

    def _follow(self) -> None:
        while not self._over.wait(INTERVAL):
            self.draw()
        self.draw()
        if self._handle is not None:  # what a saved notebook shows years later
            self._handle.update({"text/html": self.html, "text/plain": repr(self._run)}, raw=True)


def show_live(run: LiveRun) -> Any:
    """Shows the card of ``run``: live where widgets are, as HTML or text elsewhere."""
    try:
        card = LiveCard(run)
    except ImportError:
        return run
    card.show()
    return None
