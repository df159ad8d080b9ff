"""A graph → an export: step notebooks, a manifest, and what a reader wants beside them."""
