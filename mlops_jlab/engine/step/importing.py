"""Large libraries are imported by one thread at a time.

Two threads that import parts of one package at the same moment may each wait for the other; Python then lets
one of them go on with half a module.
"""

from __future__ import annotations

import threading

IMPORTING = threading.RLock()
