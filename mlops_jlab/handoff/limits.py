"""What a step's process may use."""

from __future__ import annotations

from contextlib import suppress


def limit_memory(limit: int) -> None:
    """From now on, an allocation beyond ``limit`` bytes is a MemoryError in its cell; 0: none.

    The limit counts what the process allocates, not the libraries that it maps. Systems without such a
    limit (Windows) have none.
    """
    with suppress(ImportError, ValueError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        wanted = limit or hard
        if wanted != soft:
            resource.setrlimit(resource.RLIMIT_DATA, (wanted, hard))
