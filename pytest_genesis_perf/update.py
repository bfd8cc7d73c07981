"""``--genesis-perf-update``: digests from this run, speeds from fresh processes, and every change said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

import pytest

from pytest_genesis_perf.baseline_files import Key, SpeedEntry, SpeedFile, write_digests, write_speeds
from pytest_genesis_perf.child_request import Measured, Request
from pytest_genesis_perf.children import ask_child
from pytest_genesis_perf.report.text import times
from pytest_genesis_perf.session import Session
from pytest_genesis_perf.toml_files import BaselineError
from pytest_genesis_perf.verdict import StoredSpeed

PROCESSES = 5
"""Fewer do not show how much one commit varies between processes."""
RECORDING_TIMEOUT = 4 * 3600.0
"""Seconds after which a recording process is given up: it repeats a whole run."""


def update(config: pytest.Config, session: Session) -> None:
    """Record the comparisons of a run whose tests passed.

    Parameters
    ----------
    config : pytest.Config
        The run, repeated in the recording processes.
    session : Session
        Its comparisons; notes and errors are added to it.

    Raises
    ------
    BaselineError
        If a stored file cannot be trusted or written. A file that cannot be trusted is left as it is.
    """
    only_new = session.settings.update == "new"
    old_digests = dict(session.store.digests or {})
    old_speeds = dict(session.store.speeds(session.environment))
    good: dict[Key, str] = {}
    for record in session.records:
        if record.effect == "fail" or record.nodeid in session.failed_tests or record.digest is None:
            session.errors.append(f"not recorded, the test failed: {record.nodeid} / {record.label}")
        else:
            good[record.key] = record.digest
    wanted = {key for key in good if not only_new or key not in old_digests or key not in old_speeds}
    measured = _measure(config, session, {nodeid for nodeid, _ in wanted}) if wanted else []
    speeds: dict[Key, SpeedEntry] = {}
    digests: dict[Key, str] = {}
    for key in sorted(wanted):
        entry = _merge(key, measured, old_speeds.get(key))
        if isinstance(entry, str):
            session.errors.append(f"not recorded: {' / '.join(key)}: {entry}")
            continue
        if not (only_new and key in old_digests):
            digests[key] = good[key]
        if not (only_new and key in old_speeds):
            speeds[key] = entry.rounded()
    if digests:
        write_digests(session.store.digests_path, old_digests | digests)
    if speeds:
        file = SpeedFile(session.environment, old_speeds | speeds)
        write_speeds(session.store.speed_path(session.environment), file)
    session.notes += _changes(old_digests, digests, old_speeds, speeds)


def _measure(config: pytest.Config, session: Session, nodeids: set[str]) -> list[Sequence[Measured]]:
    """Run the recording processes one after the other."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    measured: list[Sequence[Measured]] = []
    for number in range(1, PROCESSES + 1):
        if reporter is not None:
            reporter.ensure_newline()
            reporter.write_line(f"genesis-perf: recording process {number} of {PROCESSES}")
        # A whole run repeated: the limit of one confirming child says nothing about it.
        answer = ask_child(config, Request(answer="", select=tuple(sorted(nodeids))), RECORDING_TIMEOUT)
        if answer.fault:
            raise BaselineError(f"recording process {number}: {answer.fault}")
        measured.append(answer.measured)
    return measured


def _merge(key: Key, measured: Sequence[Sequence[Measured]], old: SpeedEntry | None) -> SpeedEntry | str:
    """Return the entry over all processes, or why there is none."""
    found: list[tuple[float, Mapping[str, float]]] = []
    for number, process in enumerate(measured, start=1):
        mine = next((r for r in process if (r.nodeid, r.label) == key), None)
        if mine is None:
            return f"it did not run in recording process {number}"
        if mine.speedup is None or mine.seconds is None:
            return f"not measured in recording process {number}: {mine.why}"
        found.append((mine.speedup, mine.seconds))
    speedups = sorted(speedup for speedup, _ in found)
    seconds = {arm: median(arms[arm] for _, arms in found) for arm in ("baseline", "optimized")}
    return SpeedEntry(
        speedup=StoredSpeed(speedups[0], median(speedups), speedups[-1]),
        processes=len(found),
        seconds=seconds,
        memory_bytes=old.memory_bytes if old else None,
        instructions=old.instructions if old else None,
    )


def _changes(
    old_digests: Mapping[Key, str],
    digests: Mapping[Key, str],
    old_speeds: Mapping[Key, SpeedEntry],
    speeds: Mapping[Key, SpeedEntry],
) -> list[str]:
    """Say old -> new: changed digests first, then speeds, the one that fell most first."""
    lines = []
    for key in sorted(digests):
        if key not in old_digests:
            lines.append(f"digest recorded: {' / '.join(key)}: {digests[key]}")
        elif old_digests[key] != digests[key]:
            lines.insert(0, f"digest CHANGED: {' / '.join(key)}: {old_digests[key]} -> {digests[key]}")

    def ratio(key: Key) -> float:
        old = old_speeds.get(key)
        return speeds[key].speedup.median / old.speedup.median if old else float("inf")

    for key in sorted(speeds, key=lambda key: (ratio(key), key)):
        old = old_speeds.get(key)
        before = _band(old) if old else "none"
        fell = " (slower than before)" if ratio(key) < 1.0 else ""
        lines.append(f"speed: {' / '.join(key)}: {before} -> {_band(speeds[key])}{fell}")
    unchanged = sum(old_digests.get(key) == digest for key, digest in digests.items())
    return [
        *lines,
        f"recorded {len(speeds)} speeds and {len(digests)} digests ({unchanged} digests unchanged)",
    ]


def _band(entry: SpeedEntry) -> str:
    speed = entry.speedup
    return f"{times(speed.median)} [{times(speed.low)[:-1]}, {times(speed.high)[:-1]}]"
