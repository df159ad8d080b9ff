"""Reading a notebook file: cells, tags, parameters, and the Python that IPython will run."""
