"""Registered models: versions with all that is known of them, aliases, promotion and rollback."""
