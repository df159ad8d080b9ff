"""Steps that another engine starts, one process each: what they share is a store that all of them reach."""
