# %% tags=["step:set"]
import pandas as pd, numpy as np, os, warnings, locale, decimal
pd.set_option("display.max_rows", 4)
np.set_printoptions(precision=2)
os.environ["MY_SETTING"] = "on"
warnings.filterwarnings("ignore", message="quiet please")
decimal.getcontext().prec = 6

# %% tags=["step:frame"]
df = pd.DataFrame({"v": range(10)})
df

# %% tags=["step:array"]
print(np.array([1 / 3]), os.environ["MY_SETTING"], decimal.Decimal(1) / 3)
warnings.warn("quiet please")

# %% tags=["step:back"]
print(pd.get_option("display.max_rows"))
pd.reset_option("display.max_rows")

# %% tags=["step:long"]
df
