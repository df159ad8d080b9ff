"""An answer is kept while steps below run: what they do meanwhile to the files it used is not its own."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mlops_jlab.engine.cache import keys
from mlops_jlab.engine.cache.use import _changed
from mlops_jlab.handoff.observing import taps
from mlops_jlab.handoff.records import StepRecord

pytestmark = pytest.mark.skipif(not taps.are_possible(), reason="functions of C cannot be tapped here")

# What lies in each story's folder before the run; all of it is old.
FILES = {"f.txt": "one", "g.txt": "two", "d/f.txt": "three", "d/g.txt": "four"}
READS = "x = open(at + 'f.txt').read()"
# What a step does with files, what the step below it does, and why the first is not kept, or nothing.
STORIES = {
    "read-removed": (READS, "os.remove(at + 'f.txt')", "f.txt, which it reads, was changed"),
    "read-replaced": (READS, "os.replace(at + 'g.txt', at + 'f.txt')", "f.txt, which it reads, was changed"),
    "read-copied": (
        READS, "shutil.copy2(at + 'g.txt', at + 'f.txt')", "f.txt, which it reads, was changed"),
    "read-moved": (READS, "os.rename(at + 'f.txt', at + 'old')", "f.txt, which it reads, was changed"),
    "read-written": (READS, "Path(at + 'f.txt').write_text('two')", "f.txt, which it reads, was changed"),
    "read-left": (READS, "Path(at + 'other.txt').write_text('two')", ""),
    "folder-moved": (
        "x = open(at + 'd/f.txt').read()", "os.rename(at + 'd', at + 'e')", "d/f.txt, which it reads"),
    "folder-removed": (
        "x = [open(p).read() for p in sorted(glob.glob(at + 'd/*'))]", "shutil.rmtree(at + 'd')",
        "d/f.txt, which it reads, was changed"),
    "link-moved": (
        "x = open(at + 'link').read()", "os.remove(at + 'link'); os.symlink('g.txt', at + 'link')", ""),
    "missing-made": (
        "try:\n    x = open(at + 'new').read()\nexcept FileNotFoundError:\n    x = ''",
        "Path(at + 'new').write_text('five')", "new, which it reads, was changed"),
    "missing-left": (
        "try:\n    x = open(at + 'new').read()\nexcept FileNotFoundError:\n    x = ''", "y = 1", ""),
    "written-copied": (
        "Path(at + 'f.txt').write_text('six')", "shutil.copy2(at + 'g.txt', at + 'f.txt')",
        "f.txt, which it writes, was changed"),
    "written-removed": (
        "Path(at + 'new').write_text('six')", "os.remove(at + 'new')", "new, which it writes, was changed"),
    "array-replaced": (
        "x = int(np.memmap(at + 'f.txt', mode='r').sum())", "os.replace(at + 'g.txt', at + 'f.txt')",
        "f.txt, which it reads, was changed"),
    "database-removed": (
        "c = sqlite3.connect(at + 'data.db'); x = c.execute('select * from t').fetchall(); c.close(); del c",
        "os.remove(at + 'data.db')", "data.db, which it reads, was changed"),
    "arrow-removed": (
        "x = pa.OSFile(at + 'f.txt').read()", "os.remove(at + 'f.txt')", "f.txt, which it reads, was changed"),
    "removes": ("os.remove(at + 'f.txt')", "y = 1", "it removes"),
    "removes-its-own": ("Path(at + 'new').write_text('1'); os.remove(at + 'new')", "y = 1", ""),
    "removes-and-writes": ("os.remove(at + 'f.txt'); Path(at + 'f.txt').write_text('1')", "y = 1", ""),
    "changes-rights": ("os.chmod(at + 'f.txt', 0o600)", "y = 1", "it changes the rights or times of"),
    "copies": ("shutil.copy2(at + 'f.txt', at + 'new')", "y = 1", ""),
}  # fmt: skip
BEGIN = (
    "import glob, os, shutil, sqlite3\nfrom pathlib import Path\nimport numpy as np\nimport pyarrow as pa\n"
    "np.memmap, pa.OSFile\nat = ''"
)


def prepare(folder: Path) -> None:
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        os.utime(path, (1e9, 1e9))
    (folder / "link").symlink_to("f.txt")
    with sqlite3.connect(folder / "data.db") as made:
        made.execute("create table t as select 8 as n")
    made.close()


_RUN = """
import json, sys
from mlops_jlab.handoff.observing import watch
watcher = watch()
names = {"__name__": "__main__"}
def step(source):
    watcher.begin("/nowhere")
    exec(compile(source, "/tmp/ipykernel_1/2.py", "exec"), names)
    watcher.end()
    return watcher.as_record()
asked = json.load(sys.stdin)
step(asked["begin"])
found = {}
for name, (first, second) in asked["stories"].items():
    names["at"] = name + "/"
    found[name] = step(first)
    step(second)
json.dump(found, open("found.json", "w"))
"""


def test_what_is_kept_is_what_the_step_itself_saw_and_left(tmp_path: Path) -> None:
    """All stories happen in one process, each in a folder of its own."""
    for name in STORIES:
        prepare(tmp_path / name)
    asked = {"begin": BEGIN, "stories": {name: story[:2] for name, story in STORIES.items()}}
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _RUN], input=json.dumps(asked), text=True, check=True,
        cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path / "home"),
                           "PYTHONPATH": ":".join(filter(None, sys.path))},
    )  # fmt: skip
    found = json.loads((tmp_path / "found.json").read_text())
    wrong = {}
    for name, (_first, _second, why) in STORIES.items():
        record = StepRecord("p", "a", 0, watched=True, **found[name])
        said = keys.unfit(record, []) or _changed(record)
        if why not in said or bool(why) != bool(said):
            wrong[name] = said
    assert not wrong
