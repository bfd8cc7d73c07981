"""The diagnosis as text of 80 columns, and as JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pytest_genesis_perf.doctor.advice import named
from pytest_genesis_perf.doctor.diagnosis import Diagnosis
from pytest_genesis_perf.doctor.findings import DEFAULT_SLICE_US, EFFECTS, Fitness
from pytest_genesis_perf.doctor.readings import Readings
from pytest_genesis_perf.evidence import MARGIN
from pytest_genesis_perf.notation import seconds

SCHEMA = 1
WIDTH = 79
UNKNOWN = "not known here"
_BOLD, _PLAIN = "\033[1m", "\033[0m"
_COLOURS = {Fitness.FIT: "\033[32m", Fitness.LIMITED: "\033[33m", Fitness.NOT_FIT: "\033[31m"}


def text(diagnosis: Diagnosis, *, coloured: bool = False) -> str:
    """Return the diagnosis for people.

    Parameters
    ----------
    diagnosis : Diagnosis
        What was found.
    coloured : bool, optional
        Whether the terminal shows colours.
    """
    bold, plain = (_BOLD, _PLAIN) if coloured else ("", "")
    verdict = diagnosis.findings.verdict
    colour = _COLOURS.get(verdict.fitness, "") if coloured else ""
    drawn = diagnosis.drawn
    head = [f"genesis-perf doctor: {drawn.seconds:.1f} s of same-code pairs, seed {diagnosis.seed}"]
    if drawn.interrupted:
        head.append(f"stopped by Ctrl-C: this rests on less than the {diagnosis.asked_seconds:g} s asked for")
    lines = [
        *head,
        *_wrapped(diagnosis.environment.text()),
        "",
        *(f"{colour}{bold}{line}{plain}" for line in _wrapped(verdict.text)),
    ]
    for title, section in (
        (
            f"Time in which 9 of 10 gates resolve an effect (slices of {DEFAULT_SLICE_US} us)",
            _resolutions(diagnosis),
        ),
        ("Smallest effect resolved after 1 s of measuring, by length of a slice", _slices(diagnosis)),
        ("What was seen of the machine", _readings(diagnosis.readings)),
        ("What to change", _advice(diagnosis)),
    ):
        lines += ["", f"{bold}{title}{plain}", *section]
    return "\n".join(lines) + "\n"


def to_json(diagnosis: Diagnosis) -> str:
    """Return the diagnosis as JSON with a schema version; null is "not known here".

    Parameters
    ----------
    diagnosis : Diagnosis
        What was found.
    """
    return json.dumps(_plain(diagnosis), indent=2, allow_nan=False) + "\n"


def _resolutions(diagnosis: Diagnosis) -> Iterator[str]:
    effects = [f"{effect:.0%}" for effect in EFFECTS]
    yield _row("pair", effects, "blocks")
    for resolution in diagnosis.findings.resolutions:
        told = [_time(resolution.seconds[effect]) for effect in EFFECTS]
        yield _row(resolution.kind, told, f"{resolution.blocks:,}")
    gates = diagnosis.findings.gates
    alarms = f"{gates.false_alarms:,} false alarm{'' if gates.false_alarms == 1 else 's'}"
    yield from _wrapped(
        f"{gates.total:,} gates of {MARGIN:.0%} on the same code: {alarms}, {gates.undecided:,} undecided",
        "  ",
    )


def _slices(diagnosis: Diagnosis) -> Iterator[str]:
    slices = diagnosis.findings.slices
    lengths = sorted({length for effects in slices.effects.values() for length in effects})
    if lengths:
        yield _row("pair", [f"{length} us" for length in lengths])
    for kind, effects in slices.effects.items():
        yield _row(kind, [_effect(effects.get(length)) for length in lengths])
    yield from _wrapped(slices.text, "  ")


def _readings(readings: Readings) -> Iterator[str]:
    for name, told in reading_texts(readings).items():
        yield from _wrapped(told, f"  {name:<16}", " " * 18)


def reading_texts(readings: Readings) -> dict[str, str]:
    """Return every reading in words, by name; what this system does not tell is "not known here".

    Parameters
    ----------
    readings : Readings
        What was read.
    """
    load = (
        UNKNOWN
        if readings.load_before is None or readings.load_after is None
        else f"{readings.load_before:.2f} before, {readings.load_after:.2f} after"
    )
    cores = f"{readings.cores}" + (
        f", of which {readings.usable_cores} may be used" if readings.usable_cores < readings.cores else ""
    )
    return {
        "CPU of this run": f"{readings.cpu_share:.0%} of a core",
        "other processes": _others(readings),
        "load average": load,
        "steal": UNKNOWN if readings.steal_share is None else f"{readings.steal_share:.1%} of all cores",
        "cores": cores,
        "CPU quota": _quota(readings),
        "governor": _governor(readings),
        "clocks": _clocks(readings),
        "turbo": _yes(readings.turbo, "on", "off"),
        "power": _yes(readings.on_battery, "battery", "mains"),
        "timer": f"steps of {readings.tick_ns:,} ns seen, resolution {readings.timer_ns:g} ns",
        "tracing": readings.tracer or "none",
        "arms over 5 ms": f"in turns: {readings.in_turns}" if readings.in_turns else "side by side",
    }


def _others(readings: Readings) -> str:
    others = readings.others
    if others is None:
        return UNKNOWN
    names = named(readings)
    return f"{others.cores:.2f} cores" + (f"; most by {names}" if names else "")


def _quota(readings: Readings) -> str:
    quota = readings.quota
    if quota is None:
        return UNKNOWN
    told = "none" if quota.cores is None else f"{quota.cores:g} cores"
    stopped = quota.throttled_seconds
    return told if quota.cores is None or stopped is None else f"{told}, stopped for {stopped:.2f} s"


def _governor(readings: Readings) -> str:
    frequency = readings.frequency
    return ", ".join(frequency.governors) if frequency and frequency.governors else UNKNOWN


def _clocks(readings: Readings) -> str:
    frequency = readings.frequency
    if frequency is None or frequency.lowest_mhz is None or frequency.highest_mhz is None:
        return UNKNOWN
    limit = f", the limit is {frequency.limit_mhz:,.0f}" if frequency.limit_mhz else ""
    return f"{frequency.lowest_mhz:,.0f} to {frequency.highest_mhz:,.0f} MHz{limit}"


def _advice(diagnosis: Diagnosis) -> Iterator[str]:
    for advice in diagnosis.advice:
        yield from _wrapped(advice.text, "  - ", "    ")
    if not diagnosis.advice:
        yield "  nothing"


def _plain(diagnosis: Diagnosis) -> dict[str, Any]:
    findings = diagnosis.findings
    return {
        "schema": SCHEMA,
        "command": "doctor",
        "asked_seconds": diagnosis.asked_seconds,
        "seconds": diagnosis.drawn.seconds,
        "interrupted": diagnosis.drawn.interrupted,
        "seed": diagnosis.seed,
        "budget_seconds": diagnosis.budget,
        "environment": diagnosis.environment.fields(),
        "verdict": {**asdict(findings.verdict), "fitness": findings.verdict.fitness.value},
        "resolution": [
            {"pair": each.kind, "blocks": each.blocks, "seconds": _keyed(each.seconds)}
            for each in findings.resolutions
        ],
        "slices": {
            "default_us": DEFAULT_SLICE_US,
            "best_us": findings.slices.best,
            "ratio": findings.slices.ratio,
            "clearly_better": findings.slices.clear,
            "effect_after_1_s": {kind: _keyed(effects) for kind, effects in findings.slices.effects.items()},
        },
        "same_code_gates": {"total": findings.gates.total, **asdict(findings.gates)},
        "series": [
            {
                "pair": series.kind,
                "slice_us": series.slice_us,
                "calls": list(series.calls),
                "blocks": len(series.xs),
                "seconds": series.seconds,
            }
            for series in diagnosis.drawn.series
        ],
        "machine": asdict(diagnosis.readings),
        "advice": [asdict(advice) for advice in diagnosis.advice],
    }


def _keyed(values: Mapping[Any, float | None]) -> dict[str, float | None]:
    return {f"{key:g}": value for key, value in values.items()}


def _row(name: str, cells: Sequence[str], last: str = "") -> str:
    return f"  {name:<14}" + "".join(f"{cell:>10}" for cell in (*cells, *([last] if last else [])))


def _time(value: float | None) -> str:
    return "-" if value is None else seconds(value)


def _effect(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2%}" if value < 0.1 else f"{value:.0%}"


def _yes(known: bool | None, yes: str, no: str) -> str:
    return UNKNOWN if known is None else yes if known else no


def _wrapped(words: str, first: str = "", others: str | None = None) -> list[str]:
    indent = first if others is None else others
    return textwrap.wrap(words, WIDTH, initial_indent=first, subsequent_indent=indent)
