"""Named data with versions, what is known of them, and what must hold of them."""
