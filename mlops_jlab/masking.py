"""Secrets are known by the names of what holds them and by how they look, and masked before they are written.

A password that looks like a word, in a text that says nothing of it, is seen by nobody.

``python -P -m mlops_jlab.masking LOG`` appends its standard input to a log, masked, until nobody writes any
more: for what processes say that outlive the one that has started them.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from mlops_jlab.surroundings import variables

MASK = "***"
_WORDS = (
    "password passwd passphrase secret secrets token tokens apikey credential credentials "
    "apitoken authtoken accesskey privatekey"
).split()
_PAIRS = {("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"), ("auth", "key")}
_SHORTEST = 8  # characters of a variable's value that is looked for within texts
_SHORTEST_LINE = 16  # of one of its lines, if it has several
_BROKEN = re.compile(r"[ \t]*\r?\n[ \t]*")
_PIECE = 1 << 16  # characters that are waited for the end of a line, or of a key
_LONGEST = 4096  # characters of a secret that has no end of a line in it
_KEY, _KEY_ENDS = "-----BEGIN ", "-----END"


@dataclass(frozen=True)
class Shape:
    """How a kind of secret looks. A text without any of ``hints`` in it has none of this kind."""

    name: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]  # what it calls "keep" stays, all else of a match is masked


def _shape(name: str, hints: str, pattern: str) -> Shape:
    return Shape(name, tuple(hints.split()), re.compile(pattern))


SHAPES = (
    _shape("URL with a password", "://", r"(?P<keep>[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@'\"<>]{0,200}:)[^\s/@'\"<>]{1,500}(?=@)"),
    _shape("key in a URL", "key= token= password= secret= sig= signature=",
           r"(?P<keep>[?&;](?:[a-z_-]{0,20}(?:key|token|password|secret)|sig|signature)=)[^\s&'\"<>#]{6,}"),
    _shape("GitHub token", "ghp_ gho_ ghu_ ghs_ ghr_ github_pat_",
           r"(?:gh[pousr]_[A-Za-z0-9]{30,}|github_pat_[A-Za-z0-9_]{30,})"),
    _shape("GitLab token", "glpat-", r"glpat-[A-Za-z0-9_-]{20,}"),
    _shape("AWS key", "AKIA ASIA", r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    _shape("Slack token", "xox hooks.slack.com",
           r"(?:xox[abeoprs]-[A-Za-z0-9-]{10,}|"
           r"(?P<keep>hooks\.slack\.com/services/)[A-Za-z0-9/]{20,})"),
    _shape("API key", "sk- sk_ rk_ pk_",
           r"\b(?:sk-(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{20,}|[srp]k_(?:live|test)_[A-Za-z0-9]{16,})"),
    _shape("Hugging Face token", "hf_", r"\bhf_[A-Za-z0-9]{30,}"),
    _shape("Google key", "AIza", r"\bAIza[A-Za-z0-9_-]{35}"),
    _shape("package index token", "pypi-", r"\bpypi-[A-Za-z0-9_-]{40,}"),
    _shape("JSON web token", "eyJ", r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"),
    _shape("bearer token", "earer", r"(?P<keep>\b[Bb]earer\s+)[A-Za-z0-9._~+/-]{16,}=*"),
    _shape("private key", "PRIVATE KEY-----",
           r"(?P<keep>-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----)[\s\S]*?(?:(?=-----END)|\Z)"),
)  # fmt: skip


@lru_cache(1024)
def is_secret_name(name: str) -> bool:
    """Whether a param, an environment variable or a field of this name holds a secret."""
    parts = re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)
    words = [part.lower() for part in parts]
    return any(word in _WORDS for word in words) or any(pair in _PAIRS for pair in pairwise(words))


def secrets_of(environment: Mapping[str, str]) -> Sequence[str]:
    """The values of variables that are named like secrets, in all forms, the longest first. Paths are none.

    Of a value of several lines, as a key has, each long line without a space is one as well.
    """
    return _all_forms(tuple(
        value
        for name, value in environment.items()
        if len(value) >= _SHORTEST and is_secret_name(name) and not os.path.isabs(value)
        and not value.isdecimal()
    ))  # fmt: skip


@lru_cache(16)
def _all_forms(values: tuple[str, ...]) -> tuple[str, ...]:
    found: set[str] = set()
    for value in values:
        lines = value.split("\n") if "\n" in value else ()
        found.update(
            _forms(value),
            (one for line in lines if len(one := line.strip()) >= _SHORTEST_LINE and " " not in one),
        )
    return tuple(sorted(found, key=len, reverse=True))


def _forms(value: str) -> set[str]:
    """A value as texts hold it: quoted as in JSON, Python, HTML and addresses, in base64 and in hex."""
    import base64
    import html
    import json
    from urllib.parse import quote, quote_plus

    raw = value.encode("utf-8", "surrogateescape")
    found = {value, repr(value)[1:-1], html.escape(value), html.escape(value, quote=False)}
    for ascii_alone in (True, False):
        once = json.dumps(value, ensure_ascii=ascii_alone)[1:-1]
        found |= {once, json.dumps(once, ensure_ascii=ascii_alone)[1:-1]}
    found |= {quote(raw), quote(raw, safe=""), quote_plus(raw), raw.hex()}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        found.add(encode(raw).decode())
        for before in range(3):  # how many bytes stand before it in the group of three where it begins
            text = encode(bytes(before) + raw).decode().rstrip("=")
            open_end = (before + len(raw)) % 3 > 0  # the last character also tells of what comes after
            found.add(text[(0, 2, 3)[before] : len(text) - open_end])
    return found


def masked(text: str, environment: Mapping[str, str] | None = None) -> str:
    """The text with ``***`` in the place of each secret that is recognised."""
    return _without(text, secrets_of(variables() if environment is None else environment))


def masked_all(value: Any) -> Any:
    """A value as JSON has them, with all texts in it masked, and all names."""
    if isinstance(value, str):
        return masked(value)
    if isinstance(value, Mapping):
        return {masked(key) if isinstance(key, str) else key: masked_all(item) for key, item in value.items()}
    return [masked_all(item) for item in value] if isinstance(value, (list, tuple)) else value


def _without(text: str, values: Sequence[str]) -> str:
    for value in values:
        if value in text:
            text = text.replace(value, MASK)
    if values and "\n" in text:
        text = _without_broken(text, values)
    for shape in SHAPES:
        if any(hint in text for hint in shape.hints):
            text = shape.pattern.sub(_kept, text)
    return text


def _without_broken(text: str, values: Sequence[str]) -> str:
    """The text without values that go on in the next line, as in a narrow window or in wrapped base64."""
    whole = _BROKEN.sub("", text)
    for value in values:
        if len(value) >= _SHORTEST_LINE and value in whole:
            text = re.sub(_BROKEN.pattern.join(["(?:", ")?"]).join(map(re.escape, value)), MASK, text)
    return text


def masked_tags(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags without secrets: in their names, their values, and the values of those that are named like one."""
    return {masked(name): MASK if is_secret_name(name) else masked(text) for name, text in tags.items()}


def _kept(match: re.Match[str]) -> str:
    return (match.groupdict().get("keep") or "") + MASK


def found_in(text: str, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """What kinds of secrets a text has in it that are not masked."""
    values = secrets_of(variables() if environment is None else environment)
    if any(value in text for value in values) or (values and _without_broken(text, values) != text):
        yield "value of an environment variable"
    for shape in SHAPES:
        if any(hint in text for hint in shape.hints):
            matches = shape.pattern.finditer(text)
            if any(match[0] != _kept(match) for match in matches):
                yield shape.name


class MaskedLines:
    """Masks what comes in pieces, however it is cut: line by line, and a private key as one."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._secrets = secrets_of(variables() if environment is None else environment)
        self._waiting = ""
        self._part = b""  # of a character

    def take(self, data: bytes) -> bytes:
        """What can be written now."""
        data = self._part + data
        cut = len(data) - _unfinished(data)
        self._part = data[cut:]
        self._waiting += data[:cut].decode("utf-8", "surrogateescape")
        end = max(self._waiting.rfind("\n"), self._waiting.rfind("\r")) + 1
        key = self._waiting.rfind(_KEY, 0, end)
        if key >= 0 and _KEY_ENDS not in self._waiting[key:] and len(self._waiting) - key < _PIECE:
            end = key
        if len(self._waiting) - end > _PIECE:
            end = max(end, self._between(len(self._waiting) - _LONGEST))
        return self._give(end)

    def end(self) -> bytes:
        """All that was waited with."""
        self._waiting += self._part.decode("utf-8", "surrogateescape")
        self._part = b""
        return self._give(len(self._waiting))

    def _give(self, end: int) -> bytes:
        text, self._waiting = self._waiting[:end], self._waiting[end:]
        return _without(text, self._secrets).encode("utf-8", "surrogateescape")

    def _between(self, place: int) -> int:
        """``place``, or where the secret begins that goes over it."""
        text = self._waiting
        patterns = [re.compile(re.escape(value)) for value in self._secrets]
        patterns += [shape.pattern for shape in SHAPES if shape.name != "private key"]
        for pattern in patterns:
            for match in pattern.finditer(text):
                if match.start() < place < match.end():
                    place = match.start()
        return place


def _unfinished(data: bytes) -> int:
    """How many bytes at the end begin a character that is not complete."""
    for back in range(1, min(3, len(data)) + 1):
        byte = data[-back]
        if byte >= 0xC0:
            return back if back < (2 if byte < 0xE0 else 3 if byte < 0xF0 else 4) else 0
        if byte < 0x80:
            break
    return 0


def main(log: str) -> None:
    """Appends standard input to ``log``, masked, until its end."""
    lines = MaskedLines()
    try:
        file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError:  # who speaks goes on all the same
        file = os.open(os.devnull, os.O_WRONLY)
    while data := os.read(0, _PIECE):
        append(file, lines.take(data))
    append(file, lines.end())


def append(file: int, data: bytes) -> None:
    """Writes to a log as much as the disk takes: who speaks must not wait for it."""
    try:
        while data:
            data = data[os.write(file, data) :]
    except OSError:
        pass


if __name__ == "__main__":
    main(sys.argv[1])
