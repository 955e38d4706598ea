"""Starts the quickstart: `make run`, or `.venv/bin/python examples/quickstart/run.py`."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    # Python put this file's directory first; the quickstart's modules are named from the top.
    sys.path[0] = str(Path(__file__).resolve().parents[2])
    runpy.run_module("examples.quickstart.tour", run_name="__main__")
