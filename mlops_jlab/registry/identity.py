"""What a model is known by: the same for the same fitted model, in whatever process it was packed.

The files themselves will not do: skops writes the addresses of objects into its archive, and a pickle tells
how often a string was shared.
"""

from __future__ import annotations

import io
import itertools
import json
import pickle
import pickletools
import zipfile
import zlib
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from blake3 import blake3

from mlops_jlab import packages

_DAMAGED = (zipfile.BadZipFile, zlib.error, KeyError, ValueError, TypeError, EOFError, RuntimeError, OSError)
_PASSING = frozenset({"__id__", "_skops_version"})  # true of one process, or of one version of skops


def identity(files: Mapping[str, bytes]) -> str:
    """The digest of a model's content, from the files that :func:`mlops_jlab.tracking.contents.model` made.

    The files were made in this process: a pickle among them is loaded and packed once more, so that what
    strings happened to share does not count. One with classes of this session is not loaded for it.
    """
    if "model.skops" in files:
        return str(blake3(_skops(files["model.skops"])).hexdigest())
    content = next(content for path, content in files.items() if path != "model.json")
    return str(blake3(_pickled(content)).hexdigest())


def digest(content: bytes, name: str) -> str:
    """The digest of the content of one file that another process made: a pickle is not loaded.

    An archive that cannot be read, of which nothing can be loaded either, is known by its bytes.
    """
    with suppress(*_DAMAGED):
        content = _skops(content) if name.endswith(".skops") else content
    return str(blake3(content).hexdigest())


def _skops(content: bytes) -> bytes:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        schema = json.loads(archive.read("schema.json"))
        digests = {
            name: str(blake3(archive.read(name)).hexdigest())
            for name in archive.namelist()
            if name != "schema.json"
        }
    try:
        _said(schema, digests, {})
    except _Ambiguous:
        return content
    return json.dumps(_plain(schema, digests, {}), sort_keys=False).encode()


class _Ambiguous(Exception):
    """An archive says different things under one address."""


def _said(node: Any, digests: Mapping[str, str], known: dict[Any, str]) -> str:
    """What a node says, whatever its addresses are.

    Of nodes with one address skops loads the first, and never looks at the others. An archive in which they
    differ is known by its bytes alone: it says one thing, and loads another.
    """
    if isinstance(node, list):
        return repr([_said(item, digests, known) for item in node])
    if not isinstance(node, dict):
        return repr(digests.get(node, node) if isinstance(node, str) else node)
    parts = [(key, _said(value, digests, known)) for key, value in node.items() if key not in _PASSING]
    found = str(blake3(repr(parts).encode("utf-8", "surrogatepass")).hexdigest())
    address = node.get("__id__")
    if isinstance(address, (dict, list)) or (
        address is not None and known.setdefault(address, found) != found
    ):
        raise _Ambiguous
    return found


def _plain(node: Any, digests: Mapping[str, str], places: dict[int, int]) -> Any:
    """A node without addresses: an object that is met again is known by when it was met first."""
    if isinstance(node, dict):
        address = node.get("__id__")
        rest = {key: value for key, value in node.items() if key not in _PASSING}
        if address is not None and rest.get("__loader__") != "JsonNode":
            rest["place"] = places.setdefault(address, len(places))
        return {key: _plain(value, digests, places) for key, value in rest.items()}
    if isinstance(node, list):
        return [_plain(item, digests, places) for item in node]
    return digests.get(node, node) if isinstance(node, str) else node


def _pickled(content: bytes) -> bytes:
    with packages.installed("cloudpickle"):
        try:
            import cloudpickle as pickler
        except ImportError:
            pickler = pickle
    for _ in range(2):
        try:
            content = bytes(pickler.dumps(_Loading(io.BytesIO(content)).load(), protocol=5))
        except _ByValue:
            return _unshared(content)
        except Exception:  # a model's own code may raise anything; then its first bytes have to do
            return content
    return content


class _ByValue(Exception):
    """A pickle holds a class of this session."""


class _Loading(pickle.Unpickler):
    """Loads no class that was packed whole.

    Of one of this session cloudpickle would take the methods out of the pickle: they see copies of the names
    around them from then on.
    """

    def find_class(self, module: str, name: str) -> Any:
        if module.startswith("cloudpickle") and name.startswith("_make_skeleton"):
            raise _ByValue
        return super().find_class(module, name)


_TEXTS = {
    "UNICODE",
    "SHORT_BINUNICODE",
    "BINUNICODE",
    "BINUNICODE8",
    "SHORT_BINBYTES",
    "BINBYTES",
    "BINBYTES8",
}
_PUTS = {"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT"}
_GETS = {"GET", "BINGET", "LONG_BINGET"}


def _unshared(content: bytes) -> bytes:
    """What a pickle says, whichever of its texts are the same object, without loading it."""
    found: list[tuple[str, Any]] = []
    known: dict[int, tuple[str, Any]] = {}
    objects = itertools.count()
    for operation, argument, _place in pickletools.genops(content):
        name = operation.name
        if name in _PUTS:
            last = found[-1]
            place = len(known) if name == "MEMOIZE" else int(str(argument))
            known[place] = last if last[0] == "text" else ("object", next(objects))
        elif name in _GETS:
            found.append(known[int(str(argument))])
        elif name not in ("PROTO", "FRAME"):
            found.append(("text" if name in _TEXTS else name, argument))
    return repr(found).encode("utf-8", "surrogatepass")
