"""What free texts look like, in any language: words, letters, digits, capitals, and which words there are."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np

from mlops_jlab.profiles import sketches
from mlops_jlab.profiles.sketches import Quantiles

MEASURES = ("words", "letters", "digits", "capitals")  # a count, and three shares of the characters
TEXTS = 5_000  # of a column that are looked at
WORDS = 20_000  # that are counted one by one; WRITTEN of them are written down
WRITTEN = 2_000
_FEWEST = 2.0  # words of a text on average, from which a column holds texts and not names


@dataclass(frozen=True, eq=False)
class TextProfile:
    """Texts of one column, of which ``texts`` were looked at.

    ``measures`` has the distribution of each of :data:`MEASURES`. ``vocabulary`` counts the words of one half
    of them by a 32-bit hash of their lower case, the most frequent first, ``rarer`` all other words there;
    ``unknown`` is the share of the words of the other half that its first :data:`WRITTEN` do not have.
    """

    texts: float
    measures: Mapping[str, Quantiles]
    vocabulary: Mapping[str, float]
    rarer: float = 0.0
    unknown: float = 0.0

    @property
    def total(self) -> float:
        """All words."""
        return sum(self.vocabulary.values()) + self.rarer

    def shortened(self) -> TextProfile:
        """The same with the :data:`WRITTEN` most frequent words."""
        return _bounded(self, self.vocabulary, WRITTEN)

    def unknown_to(self, other: TextProfile) -> float:
        """The share of the words here that the first :data:`WRITTEN` of the other do not have."""
        there = set(islice(other.vocabulary, WRITTEN))
        known = sum(count for word, count in self.vocabulary.items() if word in there)
        return 1 - known / self.total if self.total else 0.0


def of(texts: Any) -> TextProfile | None:
    """The profile of a series of texts (none missing); None where they are names and not texts."""
    some = texts if len(texts) <= TEXTS else texts.iloc[np.linspace(0, len(texts) - 1, TEXTS).astype(int)]
    halves: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    found = np.zeros((len(some), len(MEASURES)))
    for place, value in enumerate(some):
        text = str(value)
        words = text.lower().split()
        halves[place % 2].update(map(_hash, words))
        size = max(len(text), 1)
        letters, digits, capitals = (sum(map(ask, text)) for ask in (str.isalpha, str.isdigit, str.isupper))
        found[place] = len(words), letters / size, digits / size, capitals / size
    if not len(some) or found[:, 0].mean() < _FEWEST:
        return None
    found = found.round(4)  # as it is written down: equal values stay equal
    measures = {name: sketches.of(found[:, place]) for place, name in enumerate(MEASURES)}
    own, other = (TextProfile(float(len(some)), measures, _ordered(half)) for half in halves)
    return _bounded(replace(own, unknown=other.unknown_to(own)), own.vocabulary, WORDS)


def _hash(word: str) -> str:
    return f"{zlib.crc32(word.encode('utf-8', 'replace')):08x}"


def _ordered(counts: Mapping[str, float]) -> dict[str, float]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _bounded(text: TextProfile, counts: Mapping[str, float], most: int) -> TextProfile:
    """The profile with at most so many of these words counted one by one."""
    kept = dict(islice(_ordered(counts).items(), most))
    rest = sum(counts.values()) - sum(kept.values())
    return replace(text, vocabulary=kept, rarer=text.rarer + rest)


def merged(parts: Sequence[TextProfile | None]) -> TextProfile | None:
    """The texts of all parts together; None where one of them holds none."""
    found = [part for part in parts if part is not None]
    if not found or len(found) < len(parts):
        return None
    counts: dict[str, float] = {}
    for part in found:
        for word, count in part.vocabulary.items():
            counts[word] = counts.get(word, 0.0) + count
    measures = {name: sketches.merged([part.measures[name] for part in found]) for name in MEASURES}
    count = sum(part.texts for part in found)
    unknown = sum(part.unknown * part.texts for part in found) / count
    rarer = sum(part.rarer for part in found)
    return _bounded(TextProfile(count, measures, {}, rarer, unknown), counts, WORDS)
