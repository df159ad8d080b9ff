"""A version as one archive that loads without this package."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError, unwritten
from mlops_jlab.registry import cards, needs
from mlops_jlab.store import artifacts, auditing, datasets, evaluated, opening, reading
from mlops_jlab.store.location import Place

_LOAD = '''"""Loads the model beside this file: python load.py shows it, load() gives it."""

from pathlib import Path


def load(folder=Path(__file__).parent):
    if (folder / "model.skops").exists():
        from skops import io

        return io.load(folder / "model.skops", trusted=io.get_untrusted_types(file=folder / "model.skops"))
    import pickle  # it runs the code of whoever wrote it

    return pickle.loads((folder / "model.pkl").read_bytes())


if __name__ == "__main__":
    print(load())
'''
_MOMENT = (1980, 1, 1, 0, 0, 0)  # the same version gives the same bytes


def card_of(place: Place, version: ModelVersion) -> str:
    """The model card of a version, as Markdown."""
    with opening.reading(place) as connection:
        run = reading.find(connection, version.run) if version.run else None
        moved = [e for e in reversed(auditing.entries(connection)) if _is_about(e, version)]
        data = datasets.read_by(connection, [version.run, version.whole])
        found = evaluated.newest(connection, place, version)
        return cards.markdown(version, run, auditing.head(connection), moved, data, found)


def _is_about(entry: auditing.Entry, version: ModelVersion) -> bool:
    model, at, _alias = entry.subject.rpartition("@")
    return bool(at) and model == version.model and entry.details.get("to") == version.version


def pack(place: Place, version: ModelVersion, target: Path) -> Path:
    """Writes the archive ``target``: the model, its signature and requirements, its card, and how to load it.

    Raises:
        InputError: ``target`` is there already, or cannot be written.
        StoreError: a file is not what was registered.
    """
    if target.exists():
        raise InputError(f"{target} already exists", hint="choose another --output")
    asked = needs.for_pip(map(str, version.about.get("requirements", [])))
    asked += ["skops"] if version.about.get("format") == "skops" else []
    content = {
        **{file.path: artifacts.read(place, file.digest) for file in version.files},
        "model.json": json.dumps(dict(version.about), indent=2, ensure_ascii=False).encode(),
        "requirements.txt": ("\n".join(asked) + "\n").encode(),
        "card.md": card_of(place, version).encode(), "load.py": _LOAD.encode(),
    }  # fmt: skip
    try:
        with zipfile.ZipFile(target, "x", zipfile.ZIP_DEFLATED) as archive:
            for path, data in sorted(content.items()):
                archive.writestr(zipfile.ZipInfo(path, _MOMENT), data, zipfile.ZIP_DEFLATED)
    except OSError as error:
        raise unwritten(target, error, InputError) from error
    return target
