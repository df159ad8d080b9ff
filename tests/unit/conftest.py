"""What unit tests share: Jupyter servers that live as long as their test, and begin fast."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from jupyter_core.paths import jupyter_path

from mlops_jlab.server.schedules import SWITCH

settings.register_profile("untimed", deadline=None)  # on a busy machine any example may take long
settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def nobody_works(monkeypatch: pytest.MonkeyPatch) -> None:
    """The thread that looks after schedules would outlive the server of a test."""
    monkeypatch.setenv(SWITCH, "0")


@pytest.fixture
def jp_nbconvert_templates(jp_data_dir: Path) -> None:
    """nbconvert's templates for a server: linked, where pytest-jupyter copies them for each test."""
    found = next((Path(path) for path in jupyter_path("nbconvert", "templates") if Path(path).exists()), None)
    if found:
        (jp_data_dir / "nbconvert").mkdir(parents=True)
        (jp_data_dir / "nbconvert" / "templates").symlink_to(found)
