"""The policy that is in force: read again when its file has changed; found for those without a store."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlops_jlab.errors import MlopsError
from mlops_jlab.masking import MASK
from mlops_jlab.policies import reading
from mlops_jlab.policies.policy import Personal, Policy, fits
from mlops_jlab.surroundings import variables

KEY = "MLOPS_JLAB_PERSONAL_KEY"  # the key with which values of personal columns are hashed
NONE = Policy()


class PolicyBreach(MlopsError):
    """What somebody wants to do is against the policy. Exit code 1, HTTP status 403."""


@dataclass
class _Standing:
    find: Callable[[], Path | None] = lambda: None  # the folder of the store that serves this process
    tell: Callable[[Path, str, str], None] = lambda _root, _subject, _why: None  # of a breach
    known: dict[Path, tuple[tuple[int, ...], Policy]] = field(default_factory=dict)


_standing = _Standing()


def found_by(find: Callable[[], Path | None]) -> None:
    """Says how the folder of the store is found; the store does so when it is imported."""
    _standing.find = find


def breaches_are_told_to(tell: Callable[[Path, str, str], None]) -> None:
    """Says who writes down a breach: its folder, its subject, and why."""
    _standing.tell = tell


def of(root: Path) -> Policy:
    """The policy of the store in a folder; one that asks for nothing where there is none.

    Raises:
        BrokenPolicy: it cannot be read.
    """
    path = root / reading.FILE
    try:
        about = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        if path.is_symlink():
            raise reading.BrokenPolicy(
                f"the policy {path} leads to nothing", hint="mend the link, or take it away"
            ) from None
        return NONE
    except OSError as error:
        raise reading.BrokenPolicy(f"the policy {path} cannot be read: {error.strerror}") from error
    stamp = (about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
    known = _standing.known.get(root)
    if known is not None and known[0] == stamp:
        return known[1]
    policy = reading.read(path)
    _standing.known[root] = stamp, policy
    return policy


def here() -> Policy:
    """The policy of the store that serves this process.

    Raises:
        BrokenPolicy: it cannot be read.
    """
    root = _standing.find()
    return NONE if root is None else of(root)


def check_data(path: Path) -> None:
    """Whether data may be read from there.

    Raises:
        PolicyBreach: they may not; it is in the audit log.
        BrokenPolicy: the policy cannot be read.
    """
    root = _standing.find()
    if root is None:
        return
    why = forbids(of(root), root, path)
    if why:
        _standing.tell(root, str(path), why)
        raise PolicyBreach(why, hint="move the data there, or ask whoever looks after the policy")


def forbids(policy: Policy, root: Path, path: Path) -> str:
    """Why the policy of the store in ``root`` lets nobody read a file, or nothing."""
    if policy.roots is None:
        return ""
    real = Path(os.path.realpath(path))
    allowed = [Path(os.path.realpath(root.parent / Path(one).expanduser())) for one in policy.roots]
    if any(real.is_relative_to(one) for one in (*allowed, Path(os.path.realpath(root)))):
        return ""
    return f"the policy does not allow data from {path}: they lie in {', '.join(policy.roots) or 'no folder'}"


def is_personal(name: object) -> bool:
    """Whether a column of that name is personal data here.

    Raises:
        BrokenPolicy: the policy cannot be read.
    """
    personal = here().personal
    return bool(personal) and fits(str(name), (*personal.masked, *personal.hashed))


def shown(name: object, value: Any) -> Any:
    """A value of a column as it may be shown: itself, ``***``, or a digest with a key."""
    return _shown(here().personal, str(name), value)


def _shown(personal: Personal, name: str, value: Any) -> Any:
    if not personal or not fits(name, (*personal.masked, *personal.hashed)):
        return value
    key = variables().get(KEY, "")
    if fits(name, personal.masked) or not key:
        return MASK
    digest = hmac.new(key.encode(), str(value).encode("utf-8", "surrogatepass"), hashlib.sha256)
    return f"#{digest.hexdigest()[:12]}"


def without(value: Any) -> Any:
    """Nested dicts and lists, with what is named like a personal column hidden."""
    personal = here().personal
    return _without(personal, value) if personal else value


def _without(personal: Personal, value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _without(personal, inner, name or str(key)) if _hides(personal, name or str(key))
                else _without(personal, inner) for key, inner in value.items()}  # fmt: skip
    if isinstance(value, (list, tuple)):
        return [_without(personal, inner, name) for inner in value]
    return _shown(personal, name, value) if name else value


def _hides(personal: Personal, name: str) -> bool:
    return fits(name, (*personal.masked, *personal.hashed))


def hidden(frame: Any, *, digests: bool = True) -> Any:
    """A DataFrame of pandas as it may be shown; itself where no column of it is personal.

    Without ``digests`` what would be hashed is masked, which takes no time.
    """
    personal = here().personal
    if not personal:
        return frame
    if not digests:
        personal = Personal((*personal.masked, *personal.hashed))
    patterns = (*personal.masked, *personal.hashed)
    places = [place for place, name in enumerate(frame.columns) if _is_named(name, patterns)]
    index = [name for name in frame.index.names if name is not None and _is_named(name, patterns)]
    if not places and not index:
        return frame
    if index:
        frame = _without_index(frame, index, personal)
    columns = [frame.iloc[:, place] for place in range(frame.shape[1])]
    for place in places:
        values = _column(personal, _flat(frame.columns[place]), columns[place])
        columns[place] = type(columns[place])(values, index=frame.index, dtype=object)
    import pandas

    made = pandas.concat(columns, axis=1)
    made.columns = frame.columns
    return made


def _column(personal: Personal, name: str, series: Any) -> Any:
    """The values of a column as they are shown; each that comes again is worked out once."""
    if fits(name, personal.masked) or not fits(name, personal.hashed):
        return MASK
    texts = [str(value) for value in series]
    known = {text: _shown(personal, name, text) for text in set(texts)}
    return [known[text] for text in texts]


def _flat(name: object) -> str:
    return str(name[-1]) if isinstance(name, tuple) and name else str(name)


def _is_named(name: object, patterns: tuple[str, ...]) -> bool:
    parts = name if isinstance(name, tuple) else (name,)
    return any(fits(str(part), patterns) for part in parts)


def _without_index(frame: Any, names: list[object], personal: Personal) -> Any:
    """The frame, whose index is shown as its columns are."""
    import pandas

    levels = [
        [_shown(personal, str(name), value) for value in frame.index.get_level_values(place)]
        if name in names else list(frame.index.get_level_values(place))
        for place, name in enumerate(frame.index.names)
    ]  # fmt: skip
    shown_ = frame.copy(deep=False)
    if len(levels) == 1:
        shown_.index = pandas.Index(levels[0], dtype=object, name=frame.index.name)
    else:
        shown_.index = pandas.MultiIndex.from_arrays(levels, names=frame.index.names)
    return shown_
