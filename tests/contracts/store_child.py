"""
A process that writes to a store, for tests that kill it or let it compete.

    store_child.py ADAPTER DIRECTORY SOURCE PAGES ITEMS

Prints `page N` before it writes page N, and `done` after it has closed the run.
"""

import sys
from pathlib import Path

from tests.contracts.stores import Place
from tests.store.shapes import ended, item, put, start


def write(adapter: str, directory: Path, source: str, pages: int, items: int) -> None:
    """Write so many pages of so many items each, as one run."""
    place = Place(adapter, directory)
    store = place.open()
    run = f"run-{source}"
    store.begin_run(start(run, source=source, owner=source))
    for page in range(pages):
        batch = [
            item(
                f"{page}-{number}", f"page{page} " + "word " * 100, f"Title {number}", source=source
            )
            for number in range(items)
        ]
        sys.stdout.write(f"page {page}\n")
        sys.stdout.flush()
        put(store, batch, run, checkpoint=f'{{"page": {page}}}')
    store.close_run(ended(run, source=source))
    sys.stdout.write("done\n")
    place.close()


if __name__ == "__main__":
    write(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5]))
