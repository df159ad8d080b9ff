"""What is known of the kernels on this machine."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from mlops_jlab.errors import InputError, nearest

_MAJOR, _MINOR = sys.version_info[:2]
_BARE = {"python", f"python{_MAJOR}", f"python{_MAJOR}.{_MINOR}"}


def python_of(argv: Sequence[str]) -> str:
    """The interpreter of a kernel that is an ordinary ipykernel, or nothing for any other kernel."""
    words = [word for word in argv if not word.startswith("-X")]
    if words[1:4] != ["-m", "ipykernel_launcher", "-f"]:
        return ""
    # jupyter_client takes a bare name for its own interpreter, wherever PATH would lead.
    return sys.executable if words[0] in _BARE else words[0]


def python_of_kernel(name: str) -> str:
    """The interpreter of the kernel called ``name``, if it is an ordinary ipykernel as pip installs it."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    try:
        spec = KernelSpecManager().get_kernel_spec(name)
    except NoSuchKernel:
        return ""
    return "" if spec.env else python_of(spec.argv)


def check_kernel(name: str) -> None:
    """Raises InputError with the available kernels if there is no kernel ``name``."""
    from jupyter_client.kernelspec import KernelSpecManager

    known = sorted(KernelSpecManager().find_kernel_specs())
    if name not in known:
        raise InputError(
            f"there is no kernel {name!r}{nearest(name, known)}",
            hint=f"available: {', '.join(known) or 'none'}; choose one with --kernel NAME",
        )
