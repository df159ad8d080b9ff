"""Where steps run: an environment that was locked, built once."""
