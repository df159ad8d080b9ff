"""Whether a global generator came to its state by drawing alone, or because somebody seeded it.

Both ``random`` and numpy's legacy generator are Mersenne Twisters. The words that such a generator
gives out determine its state, so a later state can be looked for in the stream of an earlier one.
"""

from __future__ import annotations

import random
from typing import Any

_WORDS = 624
_CHUNK = 1 << 20  # words at a time: 4 MiB
_LIMIT = 16  # chunks; a generator that drew more is taken for one that was seeded


def drew_only(before: Any, after: Any) -> bool:
    """Whether ``after`` follows from ``before`` by drawing up to 16 million words.

    Both are states of ``random.getstate()`` or ``numpy.random.get_state()``.
    """
    if not (_is_twister(before) and _is_twister(after)):
        return False
    first, at = _twister(before)
    last, place = _twister(after)
    if first == last:
        return place >= at
    pattern = b"".join(_tempered(word).to_bytes(4, "little") for word in last[-8:])
    stream = random.Random()  # noqa: S311  # the very generator that is looked at
    stream.setstate((3, (*first, at), None))
    tail = b""
    for _ in range(_LIMIT):
        words = stream.getrandbits(32 * _CHUNK).to_bytes(4 * _CHUNK, "little")
        if pattern in tail + words[: len(pattern)] or pattern in words:
            return True
        tail = words[-len(pattern) :]
    return False


def same(one: Any, other: Any) -> bool:
    """Whether two states are equal: nothing was drawn in between."""
    if not (_is_twister(one) and _is_twister(other)):
        return repr(one) == repr(other)
    return _twister(one) == _twister(other) and repr(one[2:]) == repr(other[2:])


def _is_twister(state: Any) -> bool:
    """Whether it is not that of another generator, which was put in the place of numpy's."""
    return state[0] == "MT19937" or not isinstance(state[0], str)


def _twister(state: Any) -> tuple[tuple[int, ...], int]:
    """The words of the state, and how many of them were given out."""
    if state[0] == "MT19937":
        return tuple(map(int, state[1])), int(state[2])
    return tuple(state[1][:_WORDS]), int(state[1][_WORDS])


def _tempered(word: int) -> int:
    """What the generator gives out for a word of its state (Matsumoto and Nishimura, 1998)."""
    word ^= word >> 11
    word ^= (word << 7) & 0x9D2C5680
    word ^= (word << 15) & 0xEFC60000
    return word ^ (word >> 18)
