"""Windows of new data are watched against what a version was fitted on, and say when to fit again."""
