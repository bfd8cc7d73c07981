"""What the doctor reads of a system: a folder stands for the root of each kind of one."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_genesis_perf.doctor import machine
from pytest_genesis_perf.doctor.processes import snapshot, used_between
from pytest_genesis_perf.doctor.readings import Frequency, Others, Quota, Used
from pytest_genesis_perf.doctor.watch import MachineWatch, usable_cpus
from pytest_genesis_perf.tracing import active_tracer

Put = Callable[..., Path]


@pytest.fixture
def put(tmp_path: Path) -> Put:
    """Return a function that writes files below a root, path -> text, and returns it."""

    def write(files: dict[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{text}\n")
        return tmp_path

    return write


def test_a_system_without_such_files_tells_nothing(tmp_path: Path) -> None:
    assert machine.frequency([0, 1], [], tmp_path) is None
    assert machine.clocks_mhz([0, 1], tmp_path) == ()
    assert machine.turbo(tmp_path) is None
    assert machine.on_battery(tmp_path) is None
    assert machine.quota_cores(tmp_path) is None
    assert machine.throttled_seconds(tmp_path) is None
    assert snapshot(tmp_path, ticks=100.0) is None
    assert used_between(None, None, 1.0) is None


def test_governors_and_clocks_are_those_of_the_cores_that_may_be_used(put: Put) -> None:
    root = put(
        {
            f"sys/devices/system/cpu/cpu{cpu}/cpufreq/{name}": text
            for cpu, governor, clock in (
                (0, "powersave", 1_200_000),
                (1, "performance", 3_400_000),
                (2, "x", 9),
            )
            for name, text in (
                ("scaling_governor", governor),
                ("scaling_cur_freq", str(clock)),
                ("cpuinfo_max_freq", "4100000"),
            )
        }
    )
    assert machine.clocks_mhz([0, 1], root) == (1_200.0, 3_400.0)
    seen = [1_200.0, 3_400.0, 2_000.0]
    expected = Frequency(("performance", "powersave"), 1_200.0, 3_400.0, 4_100.0)
    assert machine.frequency([0, 1], seen, root) == expected
    assert machine.governors([1, 7], root) == ("performance",)


@pytest.mark.parametrize(
    ("file", "text", "turbo"),
    [
        ("cpufreq/boost", "1", True),
        ("cpufreq/boost", "0", False),
        ("intel_pstate/no_turbo", "1", False),
        ("intel_pstate/no_turbo", "0", True),
        ("cpufreq/boost", "?", None),
    ],
)
def test_turbo(put: Put, file: str, text: str, turbo: bool | None) -> None:
    assert machine.turbo(put({f"sys/devices/system/cpu/{file}": text})) is turbo


@pytest.mark.parametrize(
    ("files", "on_battery"),
    [
        ({"AC/type": "Mains", "BAT0/type": "Battery", "BAT0/status": "Charging"}, False),
        ({"AC/type": "Mains", "BAT0/type": "Battery", "BAT0/status": "Discharging"}, True),
        ({"mouse/type": "Battery", "mouse/status": "Discharging", "mouse/scope": "Device"}, False),
        ({"AC/type": "Mains"}, False),
    ],
)
def test_battery(put: Put, files: dict[str, str], on_battery: bool) -> None:
    root = put({f"sys/class/power_supply/{name}": text for name, text in files.items()})
    assert machine.on_battery(root) is on_battery


CGROUP = "sys/fs/cgroup"


def test_the_tightest_quota_of_the_groups_above_holds(put: Put) -> None:
    root = put(
        {
            "proc/self/cgroup": "0::/slice/service/group",
            f"{CGROUP}/cgroup.procs": "",
            f"{CGROUP}/slice/cpu.max": "50000 100000",
            f"{CGROUP}/slice/cpu.stat": "usage_usec 7\nnr_throttled 3\nthrottled_usec 1500000",
            f"{CGROUP}/slice/service/cpu.max": "200000 100000",
            f"{CGROUP}/slice/service/group/cpu.max": "max 100000",
            "sys/fs/cpu.max": "1000 100000",
            f"{CGROUP}/slice/service/cpu.stat": "throttled_usec 500000",
            f"{CGROUP}/other/cpu.max": "1000 100000",
        }
    )
    assert machine.quota_cores(root) == Quota(0.5)
    assert machine.throttled_seconds(root) == 2.0


def test_a_container_sees_its_own_group_as_the_top(put: Put) -> None:
    root = put(
        {
            "proc/self/cgroup": "0::/machine.slice/container",
            f"{CGROUP}/cgroup.procs": "",
            f"{CGROUP}/cpu.max": "150000 100000",
        }
    )
    assert machine.quota_cores(root) == Quota(1.5)


def test_quotas_of_the_older_kind(put: Put) -> None:
    files = {
        "proc/self/cgroup": "5:memory:/a\n3:cpu,cpuacct:/a\n0::/",
        f"{CGROUP}/memory/cgroup.procs": "",
        f"{CGROUP}/cpu,cpuacct/cgroup.procs": "",
        f"{CGROUP}/cpu,cpuacct/a/cpu.cfs_quota_us": "200000",
        f"{CGROUP}/cpu,cpuacct/a/cpu.cfs_period_us": "100000",
        f"{CGROUP}/cpu,cpuacct/a/cpu.stat": "nr_periods 4\nthrottled_time 2500000000",
    }
    assert machine.quota_cores(put(files)) == Quota(2.0)
    assert machine.throttled_seconds(put({})) == 2.5
    assert machine.quota_cores(put({f"{CGROUP}/cpu,cpuacct/a/cpu.cfs_quota_us": "-1"})) == Quota(None)


@pytest.mark.parametrize("text", ["max 100000", "", "nonsense", "5 0", "10 ?"])
def test_groups_without_a_quota_are_known_to_have_none(put: Put, text: str) -> None:
    root = put({"proc/self/cgroup": "0::/", f"{CGROUP}/cgroup.procs": "", f"{CGROUP}/cpu.max": text})
    assert machine.quota_cores(root) == Quota(None)


def stat(pid: int, name: str, user: int, system: int, started: int = 7) -> str:
    fields = ["S", *["0"] * 10, str(user), str(system), *["0"] * 6, str(started), "0"]
    return f"{pid} ({name}) {' '.join(fields)}"


def processes(put: Put, busy: int, **stats: str) -> Path:
    # Idle time, waiting and steal grow too, and are nobody's work.
    cpu = f"cpu  {busy} 0 0 {7 * busy} {5 * busy} 0 0 {3 * busy} 0 0\ncpu0 1 1 1 1"
    files = {"proc/stat": cpu, "proc/meminfo": "no process"}
    return put(files | {f"proc/{pid.strip('p')}/stat": text for pid, text in stats.items()})


def test_other_processes_are_named_by_the_time_they_used_meanwhile(put: Put) -> None:
    before = snapshot(
        processes(
            put,
            1_000,
            p10=stat(10, "pytest", 100, 0),
            p11=stat(11, "old and busy", 5_000, 0),
            p12=stat(12, "idle", 900, 0),
            p13=stat(13, "reused", 400, 0, started=1),
        ),
        own_pid=10,
        ticks=100.0,
    )
    after = snapshot(
        processes(
            put,
            4_200,
            p10=stat(10, "pytest", 1_000, 100),
            p11=stat(11, "old and busy", 5_300, 100),
            p12=stat(12, "idle", 905, 0),
            p13=stat(13, "reused", 500, 0, started=2),
            p14=stat(14, "a) b (\x1b[31m\u00fc", 200, 0),
        ),
        own_pid=10,
        ticks=100.0,
    )
    found = used_between(before, after, 10.0)
    assert found is not None
    # 3,200 ticks were worked in 10 s, 1,000 of them here.
    assert found.cores == pytest.approx(2.2)
    assert found.seen == (
        Used(13, "reused", 0.5),
        Used(11, "old and busy", 0.4),
        Used(14, "a) b (?[31m?", 0.2),
    )
    assert found.unseen_cores == pytest.approx(1.1)


def test_a_sum_below_what_the_processes_used_is_not_believed(put: Put) -> None:
    # Some containers show a sum of their own.
    before = snapshot(processes(put, 0, p11=stat(11, "busy", 0, 0)), own_pid=1, ticks=100.0)
    after = snapshot(processes(put, 0, p11=stat(11, "busy", 500, 0)), own_pid=1, ticks=100.0)
    found = used_between(before, after, 10.0)
    assert found is not None
    assert (found.cores, found.unseen_cores) == (0.5, 0.0)
    assert Others(0.1, found.seen).unseen_cores == 0.0


@pytest.mark.parametrize("broken", ["", "7", "7 (short) S 0 0", "7 (letters) S " + "x " * 30])
def test_a_process_that_has_just_ended_is_left_out(put: Put, broken: str) -> None:
    root = processes(put, 100, p7=broken, p8=stat(8, "there", 1, 2))
    found = snapshot(root, own_pid=1, ticks=100.0)
    assert found is not None
    assert dict(found.others) == {(8, 7): ("there", 0.03)}


def test_a_sum_that_cannot_be_read_is_not_guessed(put: Put) -> None:
    for text in ("", "cpu", "cpu 1 2", "cpu a b c d e f g h"):
        assert snapshot(put({"proc/stat": text}), ticks=100.0) is None


def test_this_machine_can_be_read() -> None:
    watch = MachineWatch()
    watch.during(100.0)
    seen = watch.seen()
    assert 0 < seen.usable_cores <= seen.cores
    assert seen.usable_cores == len(usable_cpus())
    assert seen.tick_ns >= 1
    assert seen.timer_ns > 0
    assert seen.wall_seconds > 0


def test_only_the_time_stopped_meanwhile_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    counter = iter([3.0, 5.0])
    monkeypatch.setattr(machine, "throttled_seconds", lambda: next(counter))
    monkeypatch.setattr(machine, "quota_cores", lambda: Quota(0.5))
    assert MachineWatch().seen().quota == Quota(0.5, 2.0)


def test_clocks_are_read_during_the_run_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks = iter([(2_000.0,), (1_000.0,), (3_000.0,)])
    monkeypatch.setattr(machine, "clocks_mhz", lambda cpus, *_: next(clocks, ()))
    watch = MachineWatch()
    for passed in (0.1, 0.6, 0.7, 1.2):
        watch.during(passed)
    seen = watch.seen().frequency
    assert seen is not None
    assert (seen.lowest_mhz, seen.highest_mhz) == (1_000.0, 3_000.0)


def test_tracers_are_named() -> None:
    before = sys.getprofile()
    try:
        sys.setprofile(lambda *_: None)
        assert active_tracer() == f"a profile function of {__name__.partition('.')[0]}"
    finally:
        sys.setprofile(before)
    before_trace = sys.gettrace()
    try:
        sys.settrace(lambda *_: None)
        assert active_tracer() == f"a trace function of {__name__.partition('.')[0]}"
    finally:
        sys.settrace(before_trace)


@pytest.mark.skipif(not hasattr(sys, "monitoring"), reason="Python 3.12 and later")
def test_monitoring_tools_are_named() -> None:
    monitoring = sys.monitoring  # type: ignore[attr-defined,unused-ignore]
    tool = next(tool for tool in range(6) if monitoring.get_tool(tool) is None)
    before = active_tracer()
    monitoring.use_tool_id(tool, "stopwatch")
    try:
        assert active_tracer() == before, "a tool that watches nothing costs nothing"
        monitoring.set_events(tool, monitoring.events.PY_START)
        assert active_tracer() == (before or "the monitoring tool stopwatch")
    finally:
        monitoring.set_events(tool, 0)
        monitoring.free_tool_id(tool)
