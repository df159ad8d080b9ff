"""One step: its notebook through papermill, in a process of its own."""
