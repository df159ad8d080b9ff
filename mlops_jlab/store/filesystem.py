"""Whether a folder lies on a network file system, where SQLite's write-ahead log is not safe."""

from __future__ import annotations

import os
from pathlib import Path

_NETWORK = {
    "nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "9p", "afs", "ceph", "glusterfs", "lustre", "gpfs",
    "beegfs", "fuse.sshfs", "fuse.s3fs", "fuse.gcsfuse", "fuse.rclone", "fuse.glusterfs", "fuse.ceph",
    "davfs", "fuse.davfs2", "ncpfs", "ocfs2", "gfs2", "orangefs", "panfs", "virtiofs",
}  # fmt: skip


def is_network(folder: Path, mounts: Path = Path("/proc/self/mountinfo")) -> bool:
    """Whether ``folder`` lies on a network file system, as far as ``mounts`` says.

    ``MLOPS_JLAB_FILESYSTEM`` (``network`` or ``local``) overrules it.
    """
    told = os.environ.get("MLOPS_JLAB_FILESYSTEM")
    if told in ("network", "local"):
        return told == "network"
    try:
        text = mounts.read_text("utf-8", "surrogateescape")
    except OSError:
        return str(folder).startswith("\\\\")
    path = os.path.realpath(folder)
    best, kind = "", ""
    for line in text.splitlines():
        fields, _, rest = line.partition(" - ")
        place = fields.split(" ")[4].replace("\\040", " ")
        inside = path == place or path.startswith(place.rstrip("/") + "/")
        if inside and len(place) >= len(best):
            best, kind = place, rest.split(" ")[0]
    return kind in _NETWORK
