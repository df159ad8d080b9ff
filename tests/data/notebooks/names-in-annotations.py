# %% tags=["step:a"]
from __future__ import annotations
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from nowhere import Thing
def use(thing: Thing, other: "Missing" = None) -> Thing:
    local: Unknown = 1
    return thing

# %% tags=["step:b"]
print(use(3), use.__annotations__["thing"])

# %% tags=["step:c"]
def later(v: NotDefinedAnywhere): return v
print(later(2))
