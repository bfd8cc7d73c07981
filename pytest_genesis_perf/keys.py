"""Where the plugin keeps what it knows: the keys of pytest's stashes and reports, without importing what they hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_genesis_perf.comparing import GenesisPerf
    from pytest_genesis_perf.seen import Seen
    from pytest_genesis_perf.session import Session
    from pytest_genesis_perf.settings import Settings

SETTINGS: pytest.StashKey[Settings] = pytest.StashKey()
"""In ``config.stash``: what was asked for."""
SESSION: pytest.StashKey[Session] = pytest.StashKey()
"""In ``config.stash``: what the run knows, from the first comparison on."""
SEEN: pytest.StashKey[Seen] = pytest.StashKey()
"""In ``config.stash``: which tests the run had."""
ITEM: pytest.StashKey[GenesisPerf] = pytest.StashKey()
"""In ``item.stash``: the comparisons of a test that asked for the fixture."""
OWN_PROTOCOL: pytest.StashKey[bool] = pytest.StashKey()
"""In ``item.stash``: the test is run by this plugin's protocol, which has fresh processes judge after its teardown."""
REPORT_ATTRIBUTE = "genesis_perf"
"""Of a ``TestReport``: the comparisons it carries, also from an xdist worker."""
