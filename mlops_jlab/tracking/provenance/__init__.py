"""Where a run came from: code, notebook, packages, machine. Collected beside the cell, not in its way."""
