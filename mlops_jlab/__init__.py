"""A notebook becomes a pipeline; a pipeline becomes a run."""

__version__ = "0.1.0"

__all__ = ["__version__"]
