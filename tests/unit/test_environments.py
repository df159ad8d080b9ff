"""A lock says what a notebook needs and where nothing comes from; what it says is built once, by its hashes."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from mlops_jlab.engine.environments import building, locking
from mlops_jlab.engine.environments.locking import Locked
from mlops_jlab.errors import InputError, MlopsError
from mlops_jlab.notebook import reading
from mlops_jlab.processes.specs import python_of_kernel

SHA = "a" * 64


def wheel(folder: Path, name: str, version: str, text: str, needs: str = "") -> Path:
    """A wheel of one module, as small as they come."""
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        + (f"Requires-Dist: {needs}\n" if needs else ""),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = "".join(
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(content.encode()).digest()).rstrip(b'=').decode()},"
        f"{len(content.encode())}\n"
        for path, content in files.items()
    )
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for place, content in {**files, f"{info}/RECORD": f"{record}{info}/RECORD,,\n"}.items():
            archive.writestr(place, content)
    return path


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all that pip knows: tiny needs small."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    wheel(folder, "tiny", "1.2", "import small\nanswer = small.half * 2\n", "small>=1")
    wheel(folder, "small", "1.0", "half = 21\n")
    for name in [key for key in os.environ if key.startswith(("PIP_", "UV_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setattr(shutil, "which", lambda _name: None)  # pip is everywhere
    return folder


def test_a_lock_has_hashes_and_no_place_where_packages_come_from() -> None:
    report = {"install": [
        {"metadata": {"name": "Foo_Bar", "version": "2"},
         "download_info": {"url": "https://registry.example/x.whl", "archive_info": {"hashes": {"sha256": SHA}}}},
        {"metadata": {"name": "abc", "version": "1"},
         "download_info": {"url": "file:///x.whl", "archive_info": {"hashes": {"sha256": SHA}}}},
    ]}  # fmt: skip
    locked = locking.from_report(report)
    assert [(one.name, one.version) for one in locked] == [("abc", "1"), ("foo-bar", "2")]
    text = locking.render(locked, "train.ipynb", "from what a run imported")
    assert "registry" not in text
    assert "://" not in text
    assert locking.from_requirements(text) == locked


def test_what_has_no_hash_cannot_be_locked() -> None:
    entry = {
        "metadata": {"name": "own", "version": "1"},
        "download_info": {"url": "file:///x", "dir_info": {}},
    }
    with pytest.raises(MlopsError, match="own 1 is installed from a folder"):
        locking.from_report({"install": [entry]})


def test_uvs_format_is_read_with_its_markers_and_all_hashes() -> None:
    text = (
        f"--index-url https://registry.example\nsix==1.17.0 \\\n    --hash=sha256:{SHA} \\\n"
        f"    --hash=sha256:{'b' * 64}\n    # via x\ncolorama==0.4.6 ; sys_platform == 'win32' \\\n"
        f"    --hash=sha256:{SHA}\n"
    )
    assert locking.from_requirements(text) == [
        Locked("colorama", "0.4.6", (f"sha256:{SHA}",), "sys_platform == 'win32'"),
        Locked("six", "1.17.0", (f"sha256:{SHA}", f"sha256:{'b' * 64}")),
    ]


def test_the_newest_finished_run_says_what_was_imported(tmp_path: Path) -> None:
    assert locking.imported_in(tmp_path) == (set(), "")
    for place, (name, status) in enumerate(
        [("a", "finished"), ("b", "finished"), ("c", "failed"), ("d", "")]
    ):
        run = tmp_path / name / "run.json"
        run.parent.mkdir()
        run.write_text(json.dumps({"status": status, "versions": {f"of_{name}": "1"}}) if status else "{")
        os.utime(run, (place, place))
    assert locking.imported_in(tmp_path) == ({"of_b"}, str(tmp_path / "b"))


def test_what_is_wanted_is_named_in_cells_or_was_imported(write_notebook: Callable[..., Path]) -> None:
    notebook, _ = reading.read(write_notebook([("step:a", "import pandas as pd, json")]))
    lines = locking.wanted(notebook, {"numpy", "IPython", "mlops_jlab"})
    assert {line.partition("==")[0] for line in lines} >= {
        "pandas",
        "numpy",
        "papermill",
        "ipykernel",
        "ipython",
    }
    notebook, _ = reading.read(write_notebook([("step:a", "import no_such_package")]))
    with pytest.raises(InputError, match="no-such-package is imported and not installed here"):
        locking.wanted(notebook, set())


def test_an_environment_is_built_once_from_the_lock_and_has_a_kernel(
    wheels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", "")
    locked, by = locking.resolve(["tiny==1.2"])
    assert ([(one.name, one.version) for one in locked], by) == ([("small", "1.0"), ("tiny", "1.2")], "pip")
    lock = tmp_path / "nb.lock.txt"
    lock.write_text(locking.render(locked, "nb.ipynb", "here"))
    kernel = building.kernel_of(lock, tmp_path / "environments")
    python = python_of_kernel(kernel)
    assert Path(python).is_relative_to(tmp_path / "environments")
    code = "import tiny, sys; print(tiny.answer, 'pandas' in sys.modules)"
    ran = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "42 False\n"
    for path in wheels.iterdir():
        path.unlink()  # from now on nothing could be installed
    assert building.kernel_of(lock, tmp_path / "environments") == kernel
    (python_root,) = [path for path in (tmp_path / "environments").iterdir() if path.is_dir()]
    (python_root / "mlops-jlab.json").unlink()  # as after a kill in the midst of it
    with pytest.raises(MlopsError, match="cannot be built"):
        building.kernel_of(lock, tmp_path / "environments")


def test_another_file_than_the_one_that_was_locked_is_not_installed(wheels: Path, tmp_path: Path) -> None:
    locked, _ = locking.resolve(["small==1.0"])
    lock = tmp_path / "nb.lock.txt"
    lock.write_text(locking.render(locked, "nb.ipynb", "here"))
    wheel(wheels, "small", "1.0", "half = 666\n")
    with pytest.raises(MlopsError, match="(?is)cannot be built.*hash"):
        building.kernel_of(lock, tmp_path / "environments")


def test_what_cannot_be_had_together_is_said_in_the_resolvers_words(wheels: Path) -> None:
    with pytest.raises(MlopsError, match=r"(?s)cannot be had together.*tiny==7"):
        locking.resolve(["tiny==7"])


@pytest.mark.parametrize(
    ("text", "words"), [(None, "there is no lock"), ("six==1.17.0\n", "six has no hash")]
)  # fmt: skip
def test_a_lock_that_is_of_no_use_is_refused(text: str | None, words: str, tmp_path: Path) -> None:
    lock = tmp_path / "nb.lock.txt"
    if text is not None:
        lock.write_text(text)
    with pytest.raises(InputError, match=words) as refused:
        building.kernel_of(lock, tmp_path / "environments")
    assert "mlops-jlab env lock" in refused.value.hint
