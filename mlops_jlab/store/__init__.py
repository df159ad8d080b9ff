"""The embedded store of runs: one SQLite file, journals in front of it, artifacts beside it."""
