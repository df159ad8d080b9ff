"""Where something comes from, and what came of it: files, data, code, runs, models, predictions."""
