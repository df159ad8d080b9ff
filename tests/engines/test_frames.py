"""Frames that live elsewhere: Spark's in a JVM, DuckDB's relations in a connection, polars' lazy ones nowhere yet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import notebook_json
from tests.engines.conftest import Project

SPARK = [
    ("parameters", "rows: int = 1000"),
    (
        "step:session",
        "from pyspark.sql import SparkSession, functions as F\n"
        "spark = (SparkSession.builder.master('local[2]').config('spark.ui.enabled', 'false')\n"
        "         .config('spark.sql.shuffle.partitions', '2').getOrCreate())",
    ),
    ("step:load", "rows_ = spark.range(rows).selectExpr('id', 'id % 7 as k', 'id * 2.0 as v').cache()"),
    ("step:sums", "sums = rows_.groupBy('k').sum('v').orderBy('k')"),
    ("step:most", "most = rows_.agg(F.max('v')).first()[0]"),
    ("step:pandas", "table = sums.toPandas()"),
    (
        "step:fit",
        "slope = float((table['sum(v)'].diff().dropna()).mean())\nprint(len(table), most, round(slope, 3))",
    ),
]
DUCKDB = [
    (
        "step:load",
        "import duckdb\nbase = duckdb.connect()\nbase.execute('create table t as select range as i from range(100)')",
    ),
    ("step:sums", "sums = base.sql('select i % 3 as k, sum(i) as s from t group by k order by k')"),
    ("step:show", "print(sums.fetchall())"),
]
POLARS = [
    (
        "step:load",
        "import polars as pl\nlazy = pl.LazyFrame({'i': range(100)}).with_columns(k=pl.col('i') % 3)",
    ),
    ("step:sums", "sums = lazy.group_by('k').agg(pl.col('i').sum()).sort('k')"),
    ("step:show", "print(sums.collect().rows())"),
]
FRAMES = {
    "spark": (SPARK, "7 1998.0 -47.333"),
    "duckdb": (DUCKDB, "[(0, 1683), (1, 1617), (2, 1650)]"),
    "polars": (POLARS, "[(0, 1683), (1, 1617), (2, 1650)]"),
}  # fmt: skip


@pytest.mark.parametrize("kind", FRAMES)
def test_steps_hand_on_frames_of(kind: str, project: Project) -> None:
    """Continued, again with a cache, and rebuilt, the last step prints what Run All prints."""
    cells, wanted = FRAMES[kind]
    (project.folder / "frames.ipynb").write_text(json.dumps(notebook_json(cells)), "utf-8")
    packages = next(Path(project.tool("frames", "python")).parents[1].glob("lib/python3.*/site-packages"))
    for more in ([], [], ["--cold"]):
        done = subprocess.run(
            [sys.executable, "-m", "mlops_jlab", "run", "frames.ipynb", "--format", "json", *more],
            cwd=project.folder, env={**os.environ, "PYTHONPATH": str(packages)}, capture_output=True,
            text=True, timeout=600,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-4000:]
        folder = Path(json.loads(done.stdout)["folder"])
        last = json.loads(
            (folder / "executed" / f"{cells[-1][0].partition(':')[2]}.ipynb").read_text("utf-8")
        )
        printed = [
            "".join(one["text"]) for cell in last["cells"] for one in cell.get("outputs", ()) if "text" in one
        ]
        assert wanted in "".join(printed), more
