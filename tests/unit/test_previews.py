"""Tables in print hide personal columns, wherever these stand in them; the data do not change."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

SHOWN = """
import pandas as pd
from mlops_jlab.store.guarding import guard
guard()
df = pd.DataFrame({"Email": ["e1@x", "e2@x"], "iban": ["i1", "i2"], "x": [1, 2]})
wide = pd.concat({"a": df}, axis=1)
texts = [
    repr(df), str(df), repr(df.T), repr(df.iloc[0]), repr(df.Email), repr(df.set_index(["Email", "iban"])),
    repr(df.groupby("Email").x.sum()), repr(df.describe(include="all")), repr(wide), df.style._repr_html_(),
    df._repr_html_(), df.to_html(), df.to_string(), df.Email.to_string(), repr(df.value_counts("Email")), repr(df.head(1)),
    repr(df[["iban"]]), repr(df.iloc[:1].T), repr(df.set_index("Email").index), df.pivot_table(index="Email", values="x").to_html(),
]
print([k for k, text in enumerate(texts) if "e1@" in text or "i1" in text])
big = pd.DataFrame({"email": ["e1@x"] * 300_000, "iban": range(300_000)})
print("e1@" in repr(big), "300000 rows" in repr(big), "e1@x" in df.to_csv(), df.Email.tolist())
same, other = (line.split()[2] for line in df.assign(iban="i").to_string().splitlines()[1:])
print(same == other, same.startswith("#"), repr(pd.DataFrame({"x": [1]})).split())
"""


def test_no_table_shows_what_is_personal(tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("version: 1\npersonal: {masked: [email], hashed: [iban]}\n")
    environment = {**os.environ, "MLOPS_JLAB_STORE": str(tmp_path), "MLOPS_JLAB_PERSONAL_KEY": "k"}
    done = subprocess.run(
        [sys.executable, "-c", SHOWN], env=environment, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines() == [
        "[]", "False True True ['e1@x', 'e2@x']", "True True ['x', '0', '1']"
    ], done.stdout + done.stderr  # fmt: skip
