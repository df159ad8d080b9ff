"""How an array lies in its memory: kept on its way, so that sums come out to the last bit."""

from __future__ import annotations

import sys
from typing import Any


def axes_of(value: Any) -> tuple[tuple[int, int], ...]:
    """The axes of an array from the slowest to the fastest, each with the sign of its direction.

    Axes of one item or none say nothing.
    """
    steps = [
        (abs(stride), place, (stride > 0) - (stride < 0))
        for place, (stride, size) in enumerate(zip(value.strides, value.shape, strict=True))
        if size > 1 and value.size
    ]
    steps.sort(key=lambda step: (-step[0], step[1]))
    return tuple((place, sign) for _, place, sign in steps)


def is_loose(value: Any) -> bool:
    """Whether an array is a view with gaps, turned round, or with its axes in an order of its own."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) is not numpy.ndarray or value.dtype.hasobject:
        return False
    return not value.flags.forc


def parts_of(value: Any) -> tuple[Any, ...]:
    """What :func:`loose` needs to make such an array again: without the gaps, and how they were."""
    numpy = sys.modules["numpy"]
    axes = axes_of(value)
    still = tuple(place for place in range(value.ndim) if place not in {axis for axis, _ in axes})
    order = (*still, *(axis for axis, _ in axes))
    turned = tuple(axis for axis, sign in axes if sign < 0)
    repeated = tuple(axis for axis, sign in axes if sign == 0)
    plain = value[tuple(slice(0, 1) if axis in repeated else slice(None) for axis in range(value.ndim))]
    plain = numpy.flip(plain, turned).transpose(order)
    dense = plain.flags.c_contiguous and not repeated
    return numpy.ascontiguousarray(plain), value.shape, order, turned, dense, value.flags.writeable


def loose(
    compact: Any, shape: tuple[int, ...], order: tuple[int, ...], turned: tuple[int, ...], dense: bool,
    writeable: bool,
) -> Any:  # fmt: skip
    """An array with the content of ``compact`` that lies in memory as the one that was saved."""
    numpy = sys.modules["numpy"]
    made = compact
    if not dense and compact.size:
        gap = (*compact.shape[:-1], compact.shape[-1] + 1) if compact.ndim > 1 else None
        if gap is None:
            made = numpy.empty(2 * compact.size, compact.dtype)[::2]
        else:
            made = numpy.empty(gap, compact.dtype)[..., :-1]
        made[...] = compact
    back = numpy.argsort(order)
    made = numpy.flip(made.transpose(back), turned)
    if made.shape != shape:
        made = numpy.broadcast_to(made, shape)
    if made.flags.writeable != writeable:
        made.flags.writeable = writeable
    return made
