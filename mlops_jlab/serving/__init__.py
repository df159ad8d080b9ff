"""A version answers: rows of a file, and requests over HTTP."""
