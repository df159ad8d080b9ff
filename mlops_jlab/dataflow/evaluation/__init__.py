"""What the cells do to objects, worked out without running them."""
