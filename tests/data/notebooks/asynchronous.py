# %% tags=["step:a"]
import asyncio
async def fetch(v):
    await asyncio.sleep(0)
    return v + base
base = 7

# %% tags=["step:b"]
got = await fetch(1)

# %% tags=["step:c"]
many = await asyncio.gather(fetch(1), fetch(2))
print(got, many)
