"""What each statement reads, binds and changes, and so what must cross from step to step."""
