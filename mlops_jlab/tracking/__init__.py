"""Runs in the making: what is active, what is logged, where it came from."""
