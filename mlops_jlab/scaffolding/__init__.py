"""A new project: a folder with a notebook that is a pipeline already, and what surrounds it."""
