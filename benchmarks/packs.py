"""A pack is installed into a clean environment, started there, and asked; its image is built where buildah is."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="mlops-jlab-pack-") as name:
        folder = Path(name)
        os.environ["MLOPS_JLAB_STORE"] = str(folder / "store")
        import pandas as pd
        from sklearn.datasets import load_breast_cancer
        from sklearn.linear_model import LogisticRegression
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler

        import mlops_jlab
        from mlops_jlab.serving.packs import folder as packs
        from mlops_jlab.store import location

        data = load_breast_cancer(as_frame=True)
        rows: pd.DataFrame = data.data
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(rows, data.target)
        mlops_jlab.register_model(model, "tumours", input_example=rows)
        pack = folder / "pack"
        measured = packs.pack(location.find(), "tumours", pack)
        print("\n".join(measured.lines()))
        wanted = model.predict(rows.head(20)).tolist()
        clean = folder / "clean"
        venv.create(clean, with_pip=True)
        python = str(clean / "bin" / "python")
        subprocess.run(
            [python, "-m", "pip", "install", "-q", "-r", str(pack / "requirements.txt")], check=True
        )
        said = asked(
            [python, "-m", "mlops_jlab.serving.packs.serve", "model", "--port", "0"], pack, rows.head(20)
        )
        print(
            f"in a clean environment: {'the same answers' if said == wanted else f'{said} and not {wanted}'}"
        )
        if (buildah := shutil.which("buildah")) is not None:
            subprocess.run([buildah, "build", "-t", "tumours:1", "."], cwd=pack, check=True)
            print("the image is built")
        else:
            print("buildah is not installed: no image is built")
        sys.exit(said != wanted)


def asked(words: list[str], pack: Path, rows: object) -> list[int]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MLOPS_", "PYTHON"))
    }
    with subprocess.Popen(words, cwd=pack, stderr=subprocess.PIPE, text=True, env=environment) as process:
        try:
            assert process.stderr is not None
            first = process.stderr.readline()
            found = re.search(r"http://\S+", first)
            assert found, first + process.stderr.read()
            body = json.dumps({"rows": rows.to_dict("list")}).encode()  # type: ignore[attr-defined]
            with urllib.request.urlopen(urllib.request.Request(found[0], body), timeout=120) as answer:
                return list(json.load(answer)["predictions"])
        finally:
            process.terminate()


if __name__ == "__main__":
    main()
