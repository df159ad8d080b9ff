# %% tags=["setup"]
from datetime import date
from pathlib import Path
from typing import Literal

# %% tags=["parameters"]
rows: int = 4  # how many rows
start = date(2024, 2, 28)
mode: Literal["up", "down"] = "up"
where: Path = Path("data")
rate: float | None = None
names = ["a", "b"]

# %% tags=["step:a"]
rows = rows * 2
values = list(range(rows))

# %% tags=["step:b"]
print(rows, values, start, type(start).__name__, mode, where / "x", rate, names)
names.append(start.year)

# %% tags=["step:c"]
print(names, rows)
