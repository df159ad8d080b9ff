"""Requests of every kind that the OpenAPI file allows, and many that it does not, against a real server.

``make fuzz``. Nothing may be answered by a 5xx, by a status or a body that the file does not know, and the
server ends when it is told to. Routes that start processes are left to the tests.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parents[1]
STARTING = "pipelines/(run|sweep)|reproduce|schedules/run|debug"
CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance,content_type_conformance"
STORE = """
import mlops_jlab
from sklearn.linear_model import LogisticRegression
with mlops_jlab.start_run(run_name="r"):
    mlops_jlab.log_metric("loss", 1)
    mlops_jlab.log_param("a", 1)
    mlops_jlab.register_model(LogisticRegression().fit([[0], [1], [2]], [0, 1, 0]), "m")
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def wait_for(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            if process.poll() is not None:
                sys.exit("the server did not start")
            time.sleep(0.5)


def main() -> int:
    root = Path(tempfile.mkdtemp(prefix="mlops-jlab-fuzz-"))
    folders = {f"JUPYTER_{name}_DIR": str(root / f".{name}") for name in ("CONFIG", "RUNTIME", "DATA")}
    environment = os.environ | folders | {"MLOPS_JLAB_STORE": str(root / ".mlops"), "MLOPS_JLAB_WORKER": "0"}
    shutil.copy(HERE / "notebooks" / "01-tumour-triage.ipynb", root / "nb.ipynb")
    subprocess.run([sys.executable, "-c", STORE], check=True, cwd=root, env=environment)
    port = free_port()
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyter", "server", "--ServerApp.ip=127.0.0.1", f"--port={port}", "--no-browser",
         "--IdentityProvider.token=fuzz", "--allow-root", f"--ServerApp.root_dir={root}"],
        env=environment, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    base = f"http://127.0.0.1:{port}/mlops-jlab/api"
    try:
        wait_for(base + "/runs", server)
        done = subprocess.run(
            [Path(sys.executable).with_name("schemathesis"), "run", HERE / "mlops_jlab" / "server" / "openapi.yaml",
             "--url", base, "-H", "Authorization: token fuzz", "--phases", "coverage,fuzzing", "--mode", "all",
             "--max-examples", os.environ.get("FUZZ", "25"), "--checks", CHECKS, "--exclude-path-regex", STARTING,
             "--generation-database", "none", "--request-timeout", "60", "--continue-on-failure", *sys.argv[1:]],
            check=False, cwd=root,
        )  # fmt: skip
    finally:
        server.terminate()
        ended = server.wait(60)
        shutil.rmtree(root, ignore_errors=True)
    print(f"the server ended with {ended}")
    return done.returncode or ended


if __name__ == "__main__":
    sys.exit(main())
