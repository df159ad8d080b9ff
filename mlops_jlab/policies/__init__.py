"""The policy of a store: what is allowed to whom, what must hold, and which columns nobody is to see."""
