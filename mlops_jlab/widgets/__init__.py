"""Runs inside the notebook: ipywidgets while the kernel lives, plain HTML for ever after."""
