"""What a step looks at and does outside its process, observed while it runs."""

from mlops_jlab.handoff.observing.observer import Observer, watch

__all__ = ["Observer", "watch"]
