"""Runs on a team's MLflow server: a mirror of the store, never a second truth, never in a kernel."""
