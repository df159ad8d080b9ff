"""Whether data are still like those that a model was fitted on, by significance and by size."""
