"""
A process that kills itself in the middle of a merge.

    crash_child.py PATH STEPS

Writes one page, then a second one of which it does not live to see more than
STEPS times 100 steps of SQLite's machine.  STEPS 0 survives and prints how many
there are.
"""

import os
import signal
import sys
from pathlib import Path

from controller.store.sqlite import SqliteStore
from controller.store.sqlite_open import open_writer
from tests.store.shapes import item, put, start


def write(path: Path, steps: int) -> None:
    """Write two pages: new documents and, in the second, all of them changed and some more."""
    database = open_writer(path)
    store = SqliteStore(database)
    store.begin_run(start())
    put(store, [item(f"{number}", "alpha " * 80) for number in range(200)], checkpoint="1")
    taken = 0

    def count() -> bool:
        nonlocal taken
        taken += 1
        if taken == steps:
            os.kill(os.getpid(), signal.SIGKILL)
        return False

    database.connection.set_progress_handler(count, 100)
    put(store, [item(f"{number}", "beta " * 90) for number in range(300)], checkpoint="2")
    sys.stdout.write(f"{taken}\n")
    store.close()


if __name__ == "__main__":
    write(Path(sys.argv[1]), int(sys.argv[2]))
