"""A hundred thousand requests while the alias moves without end and champions are tampered with and deleted.

``python benchmarks/moving.py [REQUESTS] [PROCESSES]``. A request that fails, is refused, is lost with its
connection or is answered by a version that was never the champion counts; there has to be none.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
CLIENTS = 4
ROW = {"rows": [{"a": 3.0, "b": 0.0}]}


def client(port: int, count: int, seen: Counter[str], stop: threading.Event) -> None:
    """Asks ``count`` times on one connection, or until it is told to stop; what comes of each."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    body = json.dumps(ROW)
    for _ in range(count):
        if stop.is_set():
            return
        try:
            connection.request("POST", "/predict", body)
            answer = connection.getresponse()
            said: Any = json.loads(answer.read())
            right = answer.status == 200 and abs(said["predictions"][0] - 3 * said["version"]) < 1e-6
            seen["answered" if right else f"wrong: {answer.status} {said}"] += 1
        except (OSError, http.client.HTTPException) as error:
            seen[f"lost: {type(error).__name__}"] += 1
            connection.close()


def disturb(place: Any, stop: threading.Event, done: Counter[str]) -> None:
    """Moves the alias back and forth; spoils the file of the next champion, and mends it; deletes versions."""
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    import mlops_jlab
    from mlops_jlab.registry import versions
    from mlops_jlab.store import artifacts

    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
    newest = 2
    turn = 0
    while not stop.wait(0.3):
        turn += 1
        mlops_jlab.promote(f"m/{1 if turn % 2 else newest}")
        done["moved"] += 1
        if turn % 10 == 0:  # the version that was replaced goes, another one comes
            mlops_jlab.promote("m/1")
            versions.delete(place, f"m/{newest}")
            done["deleted"] += 1
            newest += 1
            model = LinearRegression().fit(frame, frame.a * newest)
            mlops_jlab.register_model(model, "m", input_example=frame)
            done["registered"] += 1
        if turn % 7 == 0:
            version = versions.find(place, f"m/{newest}")
            digest = next(file.digest for file in version.files if file.path.startswith("model."))
            path = artifacts.path_of(place, digest)
            content = path.read_bytes()
            path.chmod(0o600)
            path.write_bytes(b"spoiled")
            mlops_jlab.promote(f"m/{newest}")
            stop.wait(2.5)  # until the service has looked
            path.write_bytes(content)
            done["tampered"] += 1


def main(requests: int = 100_000, processes: int = 1) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLOPS_JLAB_STORE"] = str(Path(folder) / "store")
        import pandas as pd
        from sklearn.linear_model import LinearRegression

        import mlops_jlab
        from mlops_jlab.store.location import Place

        frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 0.0, 1.0]})
        for gain in (1, 2):
            model = LinearRegression().fit(frame, frame.a * gain)
            mlops_jlab.register_model(model, "m", input_example=frame)
        mlops_jlab.promote("m/1")
        words = [sys.executable, "-m", "mlops_jlab", "models", "serve", "m@champion", "--port", "0"]
        words += ["--processes", str(processes), "--log", str(Path(folder) / "log"), "--log-most", "50MB"]
        said = Path(folder) / "said"
        with (
            said.open("w") as errors,
            subprocess.Popen(words, cwd=ROOT, stderr=errors, start_new_session=True) as service,
        ):
            while not (found := re.search(r":(\d+)/predict", said.read_text())):
                time.sleep(0.1)
            seen: Counter[str] = Counter()
            done: Counter[str] = Counter()
            stop = threading.Event()
            mover = threading.Thread(target=disturb, args=(Place(Path(folder) / "store"), stop, done))
            asked = [
                threading.Thread(target=client, args=(int(found[1]), requests // CLIENTS, seen, stop))
                for _ in range(CLIENTS)
            ]
            begun = time.monotonic()
            for thread in (mover, *asked):
                thread.start()
            try:
                for thread in asked:
                    thread.join()
            except KeyboardInterrupt:  # what was seen up to now is told all the same
                stop.set()
                for thread in asked:
                    thread.join()
            took = time.monotonic() - begun
            stop.set()
            mover.join()
            service.terminate()
            code = service.wait(60)
        text = said.read_text()
        asked_for = f"{sum(seen.values()):,} of {requests:,} in {took:.0f} s, {processes} process(es)"
        print(f"| requests | {asked_for} |\n|---|---|")
        for name, count in (*seen.most_common(), *done.items()):
            print(f"| {name} | {count:,} |")
        changes = text.count("answers from now on")
        print(f"| times another version answered | {changes} |")
        print(f"| times one could not be loaded, and the one before went on | {text.count('goes on')} |")
        print(f"| exit code, tracebacks | {code}, {text.count('Traceback')} |")
        sys.exit(int(set(seen) != {"answered"} or code != 0 or "Traceback" in text))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
