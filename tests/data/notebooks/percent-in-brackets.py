# %% tags=["step:a"]
value = 17
rest = (value
% 5)
text = """
%matplotlib inline
>>> not_a_name
"""

# %% tags=["step:b"]
print(rest, text, f"{value:>{rest}}", f"{text!r:.5}")
def documented():
    """Doubles.

    >>> documented(undefined_name)
    """
    return f"{value + (lambda q: q)(1)}"

# %% tags=["step:c"]
print(documented())
