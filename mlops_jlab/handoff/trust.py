"""A secret of this machine: records that do not carry its signature are not loaded."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
from functools import cache
from pathlib import Path

from mlops_jlab.errors import HandoffError

KEY_FILE = "MLOPS_JLAB_KEY_FILE"
KEY = "MLOPS_JLAB_KEY"  # a secret text, where several machines execute the steps of one run
_SHORTEST = 32  # characters of it


def key_path() -> Path:
    """Where the secret lies: ``MLOPS_JLAB_KEY_FILE``, else the user's data folder."""
    if given := os.environ.get(KEY_FILE):
        return Path(given)
    base = os.environ.get("XDG_DATA_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(base) if base else Path.home() / ".local" / "share") / "mlops-jlab" / "handoff.key"


def machine_key() -> bytes:
    """The 32 bytes of the secret; made, readable by the user alone, when first asked for.

    ``MLOPS_JLAB_KEY`` comes before any file.

    Raises:
        HandoffError: it can neither be read nor made.
    """
    if given := os.environ.get(KEY, ""):
        if len(given) < _SHORTEST:
            raise HandoffError(
                f"{KEY} has {len(given)} characters, and needs {_SHORTEST}",
                hint="make one: openssl rand -hex 32",
            )
        return hashlib.sha256(given.encode("utf-8", "surrogateescape")).digest()
    path = key_path()
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            fresh = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
            handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(32))
            try:
                os.link(fresh, path)
            except FileExistsError:
                pass  # another process was first, and its key is as good
            finally:
                fresh.unlink()
        key = _read(path, path.stat().st_mtime_ns)
    except OSError as error:
        raise HandoffError(
            f"the key of handoff files {path} cannot be used: {error}",
            hint=f"set {KEY_FILE} to a file that this user can write",
        ) from error
    if len(key) < 32:
        raise HandoffError(f"the key of handoff files {path} is damaged", hint="delete it")
    return key


@cache  # hundreds of records are looked at in one run
def _read(path: Path, _changed: int) -> bytes:
    return path.read_bytes()


def sign(data: bytes, key: bytes = b"") -> str:
    """The signature of ``data`` under this machine's secret, the ``key``, in hexadecimal."""
    return hmac.new(key or machine_key(), data, hashlib.sha256).hexdigest()


def is_ours(data: bytes, signature: str, key: bytes = b"") -> bool:
    """Whether this machine's own run signed ``data``."""
    return hmac.compare_digest(sign(data, key), signature)
