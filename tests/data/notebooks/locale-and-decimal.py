# %% tags=["step:set"]
import locale
import decimal
locale.setlocale(locale.LC_ALL, "C.UTF-8")
decimal.getcontext().prec = 5

# %% tags=["step:use"]
import decimal
print(decimal.Decimal(1) / 3)

# %% tags=["step:show"]
import locale
print(locale.setlocale(locale.LC_COLLATE), locale.localeconv()["decimal_point"])
