"""What data look like, in a few numbers a column: bounded, mergeable, cheap."""
