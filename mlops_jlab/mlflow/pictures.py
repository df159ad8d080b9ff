"""Figures and images → artifacts."""

from __future__ import annotations

import io
import re
import secrets
import time
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from mlops_jlab.errors import InputError
from mlops_jlab.tracking.live import LiveRun


class Image:
    """An image: of an array, a Pillow image, a file, or another one of these."""

    def __init__(self, image: Any) -> None:
        self.image = _pillow(image)

    def to_pil(self) -> Any:
        """The Pillow image."""
        return self.image

    def to_array(self) -> Any:
        """The pixels: (height, width) or (height, width, channels)."""
        import numpy

        return numpy.array(self.image)

    def save(self, path: str) -> None:
        """Writes it as a file; the ending says how."""
        self.image.save(path)

    def resize(self, size: tuple[int, int]) -> Image:
        """Of another width and height."""
        return Image(self.image.resize(size))


def _pillow(image: Any) -> Any:
    try:
        import PIL.Image
    except ImportError as error:
        raise InputError("Pillow is not installed", hint="pip install pillow") from error
    if isinstance(image, Image):
        return image.image
    if isinstance(image, PIL.Image.Image):
        return image
    if isinstance(image, str):
        return PIL.Image.open(image)
    if not hasattr(image, "shape"):
        raise InputError(
            f"a {type(image).__name__} is not an image", hint="give an array, a Pillow image or a file"
        )
    return PIL.Image.fromarray(_bytes(image))


def _bytes(pixels: Any) -> Any:
    """The pixels as Pillow takes them: numbers between 0 and 1 are shares of 255.

    Raises:
        InputError: the shape or the values are none of an image.
    """
    import numpy

    if pixels.ndim not in (2, 3) or (pixels.ndim == 3 and pixels.shape[2] not in (1, 3, 4)):
        raise InputError(f"an image has the shape (height, width[, 1, 3 or 4]), not {tuple(pixels.shape)}")
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    if pixels.dtype == bool:
        return pixels.astype(numpy.uint8) * 255
    if pixels.dtype.kind == "f":
        if not 0 <= float(pixels.min()) <= float(pixels.max()) <= 1:
            raise InputError("pixels that are not whole numbers lie between 0 and 1", hint="scale them first")
        return (pixels * 255).astype(numpy.uint8)
    if not 0 <= int(pixels.min()) <= int(pixels.max()) <= 255:
        raise InputError("pixels that are whole numbers lie between 0 and 255", hint="scale them first")
    return pixels.astype(numpy.uint8)


def log_image(
    run: LiveRun,
    image: Any,
    artifact_file: str | None,
    key: str | None,
    step: int | None,
    timestamp: int | None,
) -> None:
    """Keeps an image under a name, or below ``images/`` by a key, a step and the time.

    Raises:
        InputError: neither or both of them are given, or it is no image.
    """
    if bool(artifact_file) == bool(key):
        raise InputError(
            "log_image() takes either artifact_file or key", hint="key= with step= for images of a curve"
        )
    if key and not re.fullmatch(r"[\w\-./ ]+", key):
        raise InputError(
            f"{key!r} is not a key of an image", hint="letters, digits, dots, dashes, slashes and spaces"
        )
    at = int(time.time() * 1000) if timestamp is None else timestamp
    name = artifact_file or f"images/{(key or '').replace('/', '~')}+step+{step or 0}+timestamp+{at}" \
        f"+{secrets.token_hex(16)}.png"  # fmt: skip
    file = io.BytesIO()
    ending = PurePosixPath(name).suffix.lstrip(".").lower() or "png"
    _pillow(image).save(file, format={"jpg": "jpeg"}.get(ending, ending))
    run.log_content(file.getvalue(), name)


def log_figure(run: LiveRun, figure: Any, artifact_file: str, save_kwargs: Mapping[str, Any]) -> None:
    """Keeps a figure; ``save_kwargs`` go to matplotlib's ``savefig``, or to plotly's ``to_image``."""
    if not save_kwargs:
        run.log_figure(figure, artifact_file)
        return
    ending = PurePosixPath(artifact_file).suffix.lstrip(".").lower() or "png"
    if hasattr(figure, "savefig"):
        file = io.BytesIO()
        figure.savefig(file, **{"format": ending, **save_kwargs})
        run.log_content(file.getvalue(), artifact_file)
    elif ending == "html" and hasattr(figure, "to_html"):
        run.log_content(str(figure.to_html(**save_kwargs)).encode(), artifact_file)
    elif hasattr(figure, "to_image"):
        run.log_content(bytes(figure.to_image(**{"format": ending, **save_kwargs})), artifact_file)
    else:
        raise InputError(
            f"{artifact_file}: a {type(figure).__name__} is not a figure of matplotlib or plotly"
        )
