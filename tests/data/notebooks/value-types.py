# %% tags=["step:make"]
import pandas as pd, numpy as np, datetime as dt, decimal, pathlib
index = pd.MultiIndex.from_tuples([("a", 1), ("b", 2)], names=["x", "y"])
frame = pd.DataFrame({"c": pd.Categorical(["u", "v"]), "t": pd.to_datetime(["2024-01-01", None])}, index=index)
frame.attrs["unit"] = "m"
scalar = np.float32(1.5)
masked = np.ma.array([1, 2], mask=[0, 1])
objects = np.array([{"a": 1}, None], dtype=object)
when = dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc)
money = decimal.Decimal("1.10")
place = pathlib.Path("a/b")
odd = [float("nan"), float("inf"), -0.0, 10**40, 1j, b"\0", "\u2028", {1, 2}, range(3), slice(1, 2), ..., None]
readonly = np.arange(2000.0)
readonly.flags.writeable = False

# %% tags=["step:look"]
print(frame.dtypes.to_dict(), frame.index.names, frame.attrs, type(scalar).__name__, scalar)
print(masked, objects, when, money, place, odd, readonly.flags.writeable)
objects[0]["a"] = 2

# %% tags=["step:end"]
print(objects, frame.loc["a"])
