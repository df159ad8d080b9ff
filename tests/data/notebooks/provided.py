# %% tags=["step:a"]
result = 40
result + 2

# %% tags=["step:b"]
display(result)
print(__name__, get_ipython() is not None)
5 * result

# %% tags=["step:c"]
shell = get_ipython().__class__.__name__
print(shell)
# result?
