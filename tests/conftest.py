from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of real candles; tests that need it are skipped where it is not given."""
    folder = os.environ.get("GENESIS_DATA_DIR")
    if not folder:
        pytest.skip("real candles are not part of the repository: set GENESIS_DATA_DIR to their folder")
    return Path(folder)
