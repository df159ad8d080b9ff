"""``%track`` and ``%%track``: thin faces over the calls for tracking."""
