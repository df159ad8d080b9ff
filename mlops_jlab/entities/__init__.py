"""The nouns that every part shares: frozen, typed, and free of any library."""
