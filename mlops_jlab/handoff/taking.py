"""The values that one notebook takes from another, in the kernel of the one that takes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from mlops_jlab.entities.members import OF_SETUP, parse_take
from mlops_jlab.errors import HandoffError
from mlops_jlab.handoff.loading import Loader
from mlops_jlab.handoff.objects import ObjectStore, Payload
from mlops_jlab.handoff.observing.observer import watch
from mlops_jlab.handoff.variables import HANDOFF


class _Unseen(ObjectStore):
    """What is read here is no file of the notebook's."""

    def get(self, digest: str) -> Payload:
        """The payload with this digest."""
        with watch().quiet():
            return super().get(digest)


def taken(words: str, objects: Mapping[str, str] | None = None) -> tuple[object, ...]:
    """The values of a line such as ``from load take frame as df``; ``objects`` say in which file each lies.

    What was one object in the other notebook is one object here.

    Raises:
        HandoffError: nothing was handed over, or a value is made of what this notebook does not define.
    """
    root = os.environ.get(HANDOFF, "")
    if not objects or not root:
        raise HandoffError(
            f"{words}: nothing was handed over",
            hint="run the file that names the notebooks: mlops-jlab run FILE.yaml",
        )
    loader = Loader(_Unseen(Path(root).parent / "pipeline" / "taken"))
    names = [there for there, _ in parse_take(words).names]
    try:
        groups = [loader.group(objects[name]) for name in names]
        return tuple(
            group[name] if name in group else group[OF_SETUP][name]
            for name, group in zip(names, groups, strict=True)
        )
    except HandoffError as error:
        raise HandoffError(
            f"{words}: {error.message}", hint="put functions and classes into a module that both import"
        ) from error
