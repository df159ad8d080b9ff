"""What runs in the interpreter of the notebook's kernel: the warm parent and all that is forked from it."""
