"""Showing that a run can be trusted: verify it, open it where it failed, reproduce it."""
