# %% tags=["step:a"]
class Holder:
    def __init__(self, rows):
        self.rows = rows
    def view(self):
        return self.rows
rows = [1]
holder = Holder(rows)

# %% tags=["step:b"]
getattr(holder, "view")().append(2)

# %% tags=["step:c"]
print(rows)

# %% tags=["step:d"]
seen = len(holder.rows)
print(seen)
