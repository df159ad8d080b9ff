"""Who calls the tick when JupyterLab is closed: a systemd timer, a cron line, a Windows task, a container."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from mlops_jlab.errors import InputError, unwritten
from mlops_jlab.store.location import Place

KINDS = ("systemd", "cron", "windows", "container")
_NAME = "mlops-jlab"


def files(kind: str, place: Place) -> dict[str, str]:
    """The files that look after schedules, by name."""
    store = str(place.root.resolve())
    python = sys.executable
    tick = f"{shlex.quote(python)} -m mlops_jlab schedule tick"
    if kind == "systemd":
        return {f"{_NAME}.service": _service(python, store)}
    if kind == "cron":
        line = f"* * * * * MLOPS_JLAB_STORE={shlex.quote(store)} {tick} >> {shlex.quote(store)}/cron.log 2>&1"
        return {"crontab": line.replace("%", "\\%") + "\n"}
    if kind == "windows":
        inner = f'cmd /c set MLOPS_JLAB_STORE={store}&& ""{python}"" -m mlops_jlab schedule tick'
        return {f"{_NAME}.cmd": f'schtasks /Create /SC MINUTE /TN {_NAME} /TR "{inner}"\r\n'}
    return {"Dockerfile": _dockerfile()}


def _service(python: str, store: str) -> str:
    def quoted(text: str) -> str:
        return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%") + '"'

    return (
        "[Unit]\nDescription=mlops-jlab worker\nAfter=network.target\n\n"
        f"[Service]\nEnvironment={quoted(f'MLOPS_JLAB_STORE={store}')}\n"
        f"ExecStart={quoted(python)} -m mlops_jlab worker\n"
        "Restart=on-failure\nRestartSec=10\nKillMode=mixed\nTimeoutStopSec=60\n\n"
        "[Install]\nWantedBy=default.target\n"
    )


def _dockerfile() -> str:
    return (
        f"FROM python:{sys.version_info.major}.{sys.version_info.minor}-slim\n"
        "COPY requirements.txt /tmp/\n"
        "RUN pip install --no-cache-dir mlops-jlab -r /tmp/requirements.txt\n"
        "# The project with its notebooks and its .mlops folder is mounted here.\n"
        "WORKDIR /project\nENV MLOPS_JLAB_STORE=/project/.mlops\n"
        'CMD ["mlops-jlab", "worker"]\n'
    )


def write(kind: str, place: Place, folder: Path | None) -> tuple[list[Path], str]:
    """Writes the files of a kind to ``folder`` (systemd's own for the user by default); and what to do then.

    Raises:
        InputError: they cannot be written.
    """
    target = folder or (Path.home() / ".config/systemd/user" if kind == "systemd" else Path.cwd())
    written = []
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, text in files(kind, place).items():
            (target / name).write_text(text, "utf-8", newline="")
            written.append(target / name)
    except OSError as error:
        raise unwritten(target, error, InputError) from error
    return written, {
        "systemd": "systemctl --user daemon-reload && systemctl --user enable --now mlops-jlab "
        "&& loginctl enable-linger",
        "cron": f"(crontab -l; cat {shlex.quote(str(written[0]))}) | crontab -",
        "windows": str(written[0]),
        "container": 'docker build -t mlops-jlab . && docker run -v "$PWD":/project mlops-jlab',
    }[kind]
