"""The environment's variables as our own code reads them: no step is seen to have looked at them.

What a step reads of ``os.environ`` is what its answer may depend on. What is masked in a message, or whether
one is red, is no answer of a step.
"""

from __future__ import annotations

import os


def variables() -> dict[str, str]:
    """All variables as they are now."""
    table = getattr(os.environ, "_data", None)
    if not isinstance(table, dict):  # a Python that keeps them otherwise
        return dict(os.environ)
    return {os.fsdecode(name): os.fsdecode(value) for name, value in dict.items(table)}
