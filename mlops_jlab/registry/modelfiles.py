"""The files of a version → a model again, after proof that they are what was registered."""

from __future__ import annotations

import pickle
from typing import Any

from mlops_jlab import packages
from mlops_jlab.entities.models import ModelVersion
from mlops_jlab.errors import InputError, StoreError
from mlops_jlab.handoff.trust import is_ours, sign
from mlops_jlab.store import artifacts
from mlops_jlab.store.location import Place
from mlops_jlab.tracking.contents import is_trusted_type

MLFLOW = "mlflow"  # the format of a folder that MLflow's client has registered, and that is no single file
_LARGEST = 4 << 30  # bytes that a model may take when it is unpacked


def signature_of(digest: str) -> str:
    """Proof that this machine registered the file with this digest: only then is a pickle loaded unasked."""
    return str(sign(f"model:{digest}".encode()))


def load(place: Place, version: ModelVersion, *, trust: bool = False) -> Any:
    """The model of a version. A pickle that another machine wrote runs code, and needs ``trust``.

    Raises:
        StoreError: a file is missing, or is not what was registered.
        InputError: what it needs is not installed, or it is not trusted.
    """
    content, ending = read(place, version, trust=trust)
    try:
        return unpack(content, ending, version.title)
    except InputError as error:
        made = f"it was made with {', '.join(map(str, version.about.get('requirements', [])))}"
        raise InputError(error.message, hint=error.hint or made) from error


def read(place: Place, version: ModelVersion, *, trust: bool = False) -> tuple[bytes, str]:
    """The content of the model's file and its ending, for :func:`unpack`.

    Raises:
        StoreError: it is missing, or is not what was registered.
        InputError: it is not trusted, or only MLflow can load it.
    """
    kind = str(version.about.get("format", ""))
    ending = "skops" if kind == "skops" else "pkl"
    file = next((file for file in version.files if file.path == f"model.{ending}"), None)
    if file is None and kind == MLFLOW:
        raise InputError(
            f"{version.title} is an MLflow model that MLflow alone can load",
            hint=f"MLFLOW_TRACKING_URI=mlops-jlab: and mlflow.pyfunc.load_model("
            f"'models:/{version.model}/{version.version}')",
        )
    if file is None:
        raise StoreError(f"{version.title} has no file model.{ending}", hint="roll back to another version")
    content = artifacts.read(place, file.digest)
    ours = is_ours(f"model:{file.digest}".encode(), str(version.about.get("signed", "")))
    if ending == "pkl" and not (ours or trust):
        raise InputError(
            f"{version.title} is a pickle from another machine, and loading it runs its code",
            hint="load_model(..., trust=True) if you know where it comes from",
        )
    return content, ending


def unpack(content: bytes, ending: str, title: str) -> Any:
    """The model in a file; ``ending`` is ``skops``, or ``pkl`` for one that is trusted.

    Raises:
        InputError: it cannot be loaded here.
        StoreError: it is damaged.
    """
    if ending == "skops":
        with packages.installed("skops"):
            return _skops(content, title)
    try:
        return pickle.loads(content)
    except Exception as error:  # a pickle may raise anything
        raise InputError(f"{title} cannot be loaded: {type(error).__name__}: {error}") from error


def _skops(content: bytes, title: str) -> Any:
    import io
    import zipfile

    try:
        from skops import io as skops
    except ImportError as error:
        raise InputError("skops is not installed", hint="pip install 'mlops-jlab[models]'") from error
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                raise StoreError(f"{title} would unpack to more than {_LARGEST >> 30} GB")
        unknown = skops.get_untrusted_types(data=content)
    except zipfile.BadZipFile as error:
        raise StoreError(
            f"{title} is not a skops file: {error}", hint="roll back to another version"
        ) from error
    strange = [name for name in unknown if not is_trusted_type(name)]
    if strange:
        raise InputError(f"{title} holds types that are not trusted: {', '.join(strange[:5])}")
    return skops.loads(content, trusted=unknown)
