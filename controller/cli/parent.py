"""Ending with the process that started us, where the kernel offers it."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """
    Ask for SIGTERM when the parent dies, so that a killed `ctx dev` leaves no scan behind.

    Only Linux has this; elsewhere the next start takes the run over.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        # It died before we asked: nobody would tell us any more.
        os.kill(os.getpid(), signal.SIGTERM)
