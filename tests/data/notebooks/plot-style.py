# %% tags=["step:style"]
import matplotlib.pyplot as plt
plt.rcParams["figure.figsize"] = (2, 1)
plt.style.use("ggplot")

# %% tags=["step:draw"]
fig, ax = plt.subplots()
ax.plot([1, 2, 3])
size = tuple(fig.get_size_inches())

# %% tags=["step:more"]
ax.set_title("later")
print(size, ax.get_title())

# %% tags=["step:show"]
fig
