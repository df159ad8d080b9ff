"""The command's first moments: what takes long is begun, or was left ready, before anything is imported."""

from __future__ import annotations

import os
import sys

from mlops_jlab.processes.client import start

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

_LEAST_FILES, _USUAL_FILES = 128, 1024
# With these, no warm parent will be asked for.
_OTHERWISE = {"--cold", "--executor", "--env", "-h", "--help"}


def too_few_files() -> str:
    """What to say if this process may have too few files open at once; it takes more if it is allowed to."""
    try:
        import resource
    except ImportError:
        return ""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= _LEAST_FILES:
        return ""
    if hard == resource.RLIM_INFINITY or hard >= _LEAST_FILES:
        more = _USUAL_FILES if hard == resource.RLIM_INFINITY else min(hard, _USUAL_FILES)
        resource.setrlimit(resource.RLIMIT_NOFILE, (more, hard))
        return ""
    return (
        f"error: this process may have {hard} files open at once, and needs {_LEAST_FILES}\n"
        f"  → raise the limit: ulimit -n {_USUAL_FILES}, or LimitNOFILE= of the service"
    )


def main() -> NoReturn:
    """Runs the command line, in a warm runner if one has been left for it."""
    words = sys.argv[1:]
    problem = too_few_files()
    if problem:
        print(problem, file=sys.stderr)
        sys.exit(2)
    if words[:1] == ["run"] and start.is_possible():
        named = {word.partition("=")[0] for word in words}
        if not _OTHERWISE & named and (os.cpu_count() or 1) > 1:
            start.spawn_early()
        from mlops_jlab.cli import handing

        code = handing.hand_over(sys.argv)
        if code is not None:
            sys.exit(code)
    from mlops_jlab.cli.main import main as run_here
    from mlops_jlab.processes.parent.ending import end

    code = 1
    try:
        run_here()
    except SystemExit as ended:  # with a number, always
        code = int(ended.code or 0)
    finally:
        start.end_early()
    end(code)
