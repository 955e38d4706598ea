"""One engine for all tests that do not end it."""

from collections.abc import Iterator

import pytest

from controller.lua.supervisor import Engine


@pytest.fixture(scope="session")
def engine() -> Iterator[Engine]:
    with Engine() as engine:
        yield engine
