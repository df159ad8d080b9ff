"""The command line: thin faces over plain functions."""
