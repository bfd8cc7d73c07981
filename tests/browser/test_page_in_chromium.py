"""The report's page as a reader has it: in Chromium, wide and narrow, light and dark, by mouse and by keyboard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_genesis_perf.report import page
from tests.unit.reports import comparison, failing, report

WIDE, NARROW = (1280, 900), (390, 844)
ROWS = (
    failing("slower"),
    comparison("undecided", verdict="INCONCLUSIVE", effect="warn", speedup=1.01, interval=(0.9, 1.1)),
    comparison("ten", speedup=10.0, interval=(9.0, 11.0), stored=(9.5, 10.0, 10.5)),
    comparison("nine", speedup=9.0, interval=(8.0, 10.0), memory_bytes={"baseline": 5000, "optimized": 90}),
    comparison("unmeasured", speedup=None, interval=None, seconds=None, blocks=(), work=None),
)
CONTRAST = """
function channels(colour) { return colour.match(/[\\d.]+/g).map(Number); }
function luminance(c) {
  const [r, g, b] = c.map((v) => v / 255).map((v) => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}
function behind(element) {
  for (let at = element; at !== null; at = at.parentElement) {
    const c = channels(getComputedStyle(at).backgroundColor);
    if (c.length < 4 || c[3] === 1) { return c.slice(0, 3); }
  }
  return [255, 255, 255];
}
const bad = [];
for (const element of document.querySelectorAll("body *")) {
  const own = Array.from(element.childNodes).some((n) => n.nodeType === 3 && n.textContent.trim() !== "");
  if (!own || element.tagName === "SCRIPT" || element.getClientRects().length === 0) { continue; }
  const style = getComputedStyle(element);
  const front = channels(element instanceof SVGElement ? style.fill : style.color).slice(0, 3);
  const [dark, light] = [luminance(front), luminance(behind(element))].sort((a, b) => a - b);
  if ((light + 0.05) / (dark + 0.05) < 4.5) { bad.push(`${element.tagName} ${element.textContent.trim()}`); }
}
return [bad, document.querySelectorAll("body *").length];
"""


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Return a browser that shows the page of five comparisons, and check that nothing went wrong meanwhile."""
    emulate(browser, WIDE, "light")
    file = page.write(tmp_path, report(*ROWS, warnings=("look here",)))
    show(browser, file)
    yield browser
    assert browser.get_log("browser") == []
    asked = requests(browser, file)
    assert page.FILE in asked
    assert asked <= {page.FILE, "data:,"}


def show(browser: Any, file: Path) -> None:
    """Open a page and wait until all of it is there; the driver alone does not always."""
    from selenium.webdriver.support.ui import WebDriverWait

    browser.get(file.as_uri())
    complete = "return document.readyState === 'complete' && location.href === arguments[0]"
    WebDriverWait(browser, 120).until(lambda driver: driver.execute_script(complete, file.as_uri()))


def emulate(browser: Any, size: tuple[int, int], scheme: str) -> None:
    """Set the window, and whether the reader likes it light or dark."""
    preference = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", preference)
    width, height = size
    metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)


def requests(browser: Any, file: Path) -> set[str]:
    """Return what a page asked for since the last time: names of files, whole addresses of anything else."""
    found = set()
    for entry in browser.get_log("performance"):
        message = json.loads(entry["message"])["message"]
        # Chromium's own first page asks for much.
        if (
            message["method"] == "Network.requestWillBeSent"
            and message["params"]["documentURL"] == file.as_uri()
        ):
            address = message["params"]["request"]["url"]
            found.add(address.rpartition("/")[2] if address.startswith("file://") else address)
    return found


def names_shown(browser: Any) -> list[str]:
    """Return the names of the rows that are shown, from the top."""
    names = browser.execute_script(
        "return Array.from(document.querySelectorAll('#comparisons tbody')).filter((row) => !row.hidden)"
        ".map((row) => row.dataset.name)"
    )
    return [name.rpartition("test_")[2] for name in names]


def press(browser: Any, selector: str, *keys: str) -> Any:
    """Type keys into an element as a reader without a mouse does."""
    from selenium.webdriver.common.by import By

    element = browser.find_element(By.CSS_SELECTOR, selector)
    element.send_keys(*keys)
    return element


def head(title: str) -> str:
    """Return the selector of the button that sorts a column."""
    columns = ["verdict", "comparison", "identical", "speedup", "", "stored", "baseline", "optimized"]
    return f"#comparisons thead th:nth-child({columns.index(title) + 1}) button"


def test_rows_are_sorted_by_number_both_ways_and_rows_without_one_stay_last(opened: Any) -> None:
    assert names_shown(opened) == ["slower", "undecided", "unmeasured", "nine", "ten"]
    press(opened, head("speedup"), "\ue007")
    assert names_shown(opened) == ["slower", "undecided", "nine", "ten", "unmeasured"]
    cell = "th[aria-sort]"
    assert (
        opened.execute_script(f"return document.querySelector('{cell}').getAttribute('aria-sort')")
        == "ascending"
    )
    press(opened, head("speedup"), "\ue007")
    assert names_shown(opened) == ["ten", "nine", "undecided", "slower", "unmeasured"]
    press(opened, head("verdict"), " ")
    assert names_shown(opened) == ["slower", "undecided", "unmeasured", "nine", "ten"]
    assert opened.execute_script("return document.querySelectorAll('th[aria-sort]').length") == 1


def test_rows_are_filtered_by_words_and_by_verdicts(opened: Any) -> None:
    press(opened, "#filter", "TEST_N")
    assert names_shown(opened) == ["nine"]
    assert opened.execute_script("return document.getElementById('shown').textContent") == "1 of 5 shown"
    press(opened, "#filter", *["\ue003"] * 6)
    assert len(names_shown(opened)) == 5
    press(opened, '.chip[data-verdict="REGRESSED"]', " ")
    assert names_shown(opened) == ["slower"]
    press(opened, '.chip[data-verdict="INCONCLUSIVE"]', "\ue007")
    assert names_shown(opened) == ["slower", "undecided"]
    press(opened, "#filter", "zzz")
    assert names_shown(opened) == []
    assert opened.execute_script("return document.getElementById('shown').textContent") == "0 of 5 shown"


def test_a_row_opens_and_closes(opened: Any) -> None:
    from selenium.webdriver.common.by import By

    button = press(opened, "#comparisons tbody .name button", "\ue007")
    more = opened.find_element(By.ID, button.get_attribute("aria-controls"))
    assert button.get_attribute("aria-expanded") == "true"
    assert more.is_displayed()
    assert "pytest --genesis-perf --genesis-perf-seed=42" in more.text
    button.click()
    assert button.get_attribute("aria-expanded") == "false"
    assert not more.is_displayed()


def test_everything_is_reached_by_the_tab_key_in_reading_order(opened: Any) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    reached = []
    for _ in range(18):
        ActionChains(opened).send_keys("\ue004").perform()
        reached.append(
            opened.execute_script("const e = document.activeElement; return e.textContent.trim() || e.id")
        )
    assert reached[:4] == ["▼ 1 REGRESSED", "◆ 1 INCONCLUSIVE", "● 3 PASS", "filter"]
    assert reached[4:11] == [
        "verdict",
        "comparison",
        "identical",
        "speedup",
        "stored",
        "baseline",
        "optimized",
    ]
    assert reached[11] == "test_it.py::test_slower"


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_word_stands_out_and_nothing_leaves_the_window(
    opened: Any, size: tuple[int, int], scheme: str
) -> None:
    emulate(opened, size, scheme)
    opened.execute_script(
        "document.querySelectorAll('tbody .name button').forEach((button) => button.click())"
    )
    bad, count = opened.execute_script(CONTRAST)
    assert bad == []
    assert count > 100
    assert opened.execute_script("return document.documentElement.scrollWidth") <= size[0]


def test_a_narrow_window_sorts_by_a_list(opened: Any) -> None:
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.select import Select

    emulate(opened, NARROW, "light")
    choice = Select(opened.find_element(By.ID, "sort"))
    assert [option.text for option in choice.options][:4] == ["verdict", "comparison", "identical", "speedup"]
    choice.select_by_visible_text("comparison")
    assert names_shown(opened) == ["nine", "slower", "ten", "undecided", "unmeasured"]


def test_a_screen_reader_finds_tables_heads_and_pictures_by_name(opened: Any) -> None:
    opened.execute_script("document.querySelector('tbody .name button').click()")
    nodes = opened.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    found = [
        (node["role"]["value"], node.get("name", {}).get("value", "").strip())
        for node in nodes
        if not node["ignored"]
    ]
    assert ("heading", "1 of 5 comparisons failed") in found
    assert ("columnheader", "speedup") in found
    assert ("searchbox", "Name") in found
    assert ("rowheader", "test_it.py::test_slower 250 bars") in found
    assert any(role == "image" and name.startswith("Speedup of each of 32 blocks") for role, name in found)
    assert [name for role, name in found if role == "button" and not name] == []
    assert len([1 for role, _ in found if role == "table"]) == 2


def test_five_hundred_comparisons_are_shown(browser: Any, tmp_path: Path) -> None:
    emulate(browser, WIDE, "light")
    many = [comparison(str(n), speedup=1.0 + n, interval=(0.9 + n, 1.1 + n)) for n in range(500)]
    show(browser, page.write(tmp_path, report(*many)))
    assert len(names_shown(browser)) == 500
    assert browser.get_log("browser") == []
