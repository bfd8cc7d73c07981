"use strict";
// Rows are sorted, filtered and opened here; without scripts the table stands as it is, worst first.
(function () {
  const table = document.getElementById("comparisons");
  const rows = Array.from(table.tBodies);
  const buttons = Array.from(table.tHead.querySelectorAll("button"));
  const chips = Array.from(document.querySelectorAll(".chip"));
  const filter = document.getElementById("filter");
  const select = document.getElementById("sort");
  const shown = document.getElementById("shown");

  function value(row, column) {
    return row.rows[0].cells[column].dataset.sort;
  }

  // A row without a value stands last, whichever way it is sorted; equal rows keep the order worst first.
  function sort(column, falling) {
    const sign = falling ? -1 : 1;
    const sorted = rows.map((row, place) => ({ row, place, key: value(row, column) }));
    const numbers = sorted.every((one) => one.key === undefined || one.key.trim() !== "" && isFinite(one.key));
    sorted.sort((a, b) => {
      if (a.key === undefined || b.key === undefined) {
        return (a.key === undefined) - (b.key === undefined) || a.place - b.place;
      }
      const order = numbers ? a.key - b.key : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
      return sign * order || a.place - b.place;
    });
    table.append(...sorted.map((one) => one.row));
    for (const button of buttons) {
      const head = button.parentElement;
      if (head.cellIndex === column) {
        head.setAttribute("aria-sort", falling ? "descending" : "ascending");
      } else {
        head.removeAttribute("aria-sort");
      }
    }
    select.value = String(column);
  }

  function show() {
    const verdicts = new Set(chips.filter((chip) => chip.getAttribute("aria-pressed") === "true")
      .map((chip) => chip.dataset.verdict));
    const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const wanted = (verdicts.size === 0 || verdicts.has(row.dataset.verdict))
        && words.every((word) => row.dataset.name.includes(word));
      row.hidden = !wanted;
      count += wanted;
    }
    shown.textContent = count === rows.length ? "" : `${count} of ${rows.length} shown`;
  }

  for (const button of buttons) {
    const column = button.parentElement.cellIndex;
    select.append(new Option(button.textContent, String(column)));
    button.addEventListener("click", () => {
      const now = button.parentElement.getAttribute("aria-sort");
      const first = button.dataset.first === "falling";
      sort(column, now === null ? first : now === "ascending");
    });
  }
  select.addEventListener("change", () => {
    const column = Number(select.value);
    sort(column, buttons.find((button) => button.parentElement.cellIndex === column).dataset.first === "falling");
  });
  for (const chip of chips) {
    chip.addEventListener("click", () => {
      chip.setAttribute("aria-pressed", String(chip.getAttribute("aria-pressed") !== "true"));
      show();
    });
  }
  filter.addEventListener("input", show);
  table.addEventListener("click", (event) => {
    const button = event.target.closest("button[aria-controls]");
    if (button !== null) {
      const more = document.getElementById(button.getAttribute("aria-controls"));
      more.hidden = !more.hidden;
      button.setAttribute("aria-expanded", String(!more.hidden));
    }
  });
}());
