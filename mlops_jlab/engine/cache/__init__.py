"""What was computed before is not computed again."""
