"""The runner's side of a warm parent: start it, find it, ask it for processes."""
