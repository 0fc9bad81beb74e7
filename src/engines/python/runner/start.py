"""Starts the runner: `python -I -B start.py`, with its channel as file descriptor 3.

User code may have modules of any name, so the runner's own live in one package, and its folder does not stay on the path.
"""

import os
import sys

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, here)
from slipway_runner import worker  # noqa: E402

sys.path.remove(here)
worker.main(here)
