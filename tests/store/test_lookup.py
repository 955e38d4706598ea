import subprocess
import sys
from pathlib import Path

import pytest

from controller.errors import StoreUnavailableError
from controller.store.lookup import open_store


def test_a_store_that_is_not_there_is_not_made_for_a_reader(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailableError):
        open_store(str(tmp_path / "ctx.sqlite"), writable=False)

    assert list(tmp_path.iterdir()) == []


def test_what_is_written_can_be_opened_for_reading(tmp_path: Path) -> None:
    open_store(str(tmp_path / "ctx.sqlite"), writable=True).close()

    store = open_store(tmp_path / "ctx.sqlite", writable=False)
    state = store.state()
    store.close()

    assert state.location == str(tmp_path / "ctx.sqlite")
    assert (state.documents, state.schema_version) == (0, 1)


def test_a_reader_loads_no_migrations(tmp_path: Path) -> None:
    open_store(tmp_path / "ctx.sqlite", writable=True).close()
    code = (
        "import sys; from controller.store.lookup import open_store;"
        "open_store(sys.argv[1], writable=False).close();"
        "sys.exit('importlib.resources' in sys.modules)"
    )

    child = subprocess.run([sys.executable, "-c", code, str(tmp_path / "ctx.sqlite")], check=False)

    assert child.returncode == 0
