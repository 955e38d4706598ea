"""`ctx`, and `python -m controller`."""

import sys

from controller import __version__


def main() -> None:
    """Run the command line of this process."""
    if sys.argv[1:] == ["--version"]:
        # Scripts ask this often, and click alone takes longer than the whole answer.
        sys.stdout.write(f"ctx {__version__}\n")
        return
    from controller.cli.main import run

    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # A terminal that cannot show a character shows its escape.
            stream.reconfigure(errors="backslashreplace")
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
