"""The command's first moments: what takes long is begun, or was left ready, before anything is imported."""

from __future__ import annotations

import os
import sys

from mlops_jlab.kernels import spawning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

# With these, no warm parent will be asked for.
_OTHERWISE = {"--cold", "--executor", "-h", "--help"}


def main() -> NoReturn:
    """Runs the command line, in a warm runner if one has been left for it."""
    words = sys.argv[1:]
    if words[:1] == ["run"] and spawning.is_possible():
        named = {word.partition("=")[0] for word in words}
        if not _OTHERWISE & named and (os.cpu_count() or 1) > 1:
            spawning.spawn_early()
        from mlops_jlab.cli import handing

        code = handing.hand_over(sys.argv)
        if code is not None:
            sys.exit(code)
    from mlops_jlab.cli.main import main as run_here
    from mlops_jlab.kernels.becoming import end

    code = 1
    try:
        run_here()
    except SystemExit as ended:  # with a number, always
        code = int(ended.code or 0)
    finally:
        spawning.end_early()
    end(code)
