"""Secrets are known by the names of what holds them and by how they look, and masked before they are written.

A password that looks like a word, in a text that says nothing of it, is seen by nobody.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from mlops_jlab.surroundings import variables

MASK = "***"
_WORDS = (
    "password passwd passphrase secret secrets token tokens apikey credential credentials "
    "apitoken authtoken accesskey privatekey"
).split()
_PAIRS = {("api", "key"), ("access", "key"), ("private", "key"), ("secret", "key"), ("auth", "key")}
_SHORTEST = 8  # characters of a variable's value that is looked for within texts


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
           r"\b(?:sk-[A-Za-z0-9_-]{20,}|[srp]k_(?:live|test)_[A-Za-z0-9]{16,})"),
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


def secrets_of(environment: Mapping[str, str]) -> list[str]:
    """The values of variables that are named like secrets, the longest first. Paths are none."""
    found = {
        value for name, value in environment.items()
        if len(value) >= _SHORTEST and is_secret_name(name) and not os.path.isabs(value)
        and not value.isdecimal()
    }  # fmt: skip
    return sorted(found, key=len, reverse=True)


def masked(text: str, environment: Mapping[str, str] | None = None) -> str:
    """The text with ``***`` in the place of each secret that is recognised."""
    for value in secrets_of(variables() if environment is None else environment):
        if value in text:
            text = text.replace(value, MASK)
    for shape in SHAPES:
        if any(hint in text for hint in shape.hints):
            text = shape.pattern.sub(_kept, text)
    return text


def _kept(match: re.Match[str]) -> str:
    return (match.groupdict().get("keep") or "") + MASK


def found_in(text: str, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """What kinds of secrets a text has in it that are not masked."""
    values = secrets_of(variables() if environment is None else environment)
    if any(value in text for value in values):
        yield "value of an environment variable"
    for shape in SHAPES:
        if any(hint in text for hint in shape.hints):
            matches = shape.pattern.finditer(text)
            if any(match[0] != _kept(match) for match in matches):
                yield shape.name
