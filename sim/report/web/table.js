// The table of all points that the filters let through; failed ones too.

const PAGE = 200; // rows shown at a time
let limit = PAGE;

const TABLE_COLUMNS = [
  ...["id", "model", "backend", "status", "on_front", ...HAS_JOINT ? ["on_joint_front"] : []].filter((name) => COLUMNS[name]
    && (name !== "backend" || varies(COLUMNS.backend))),
  ...VARYING.map(({ name }) => name),
  ...RESULTS.map(({ name }) => name),
  ...(RESULTS.some(({ name }) => name === "rtl_cycles") ? ["rtl_difference"] : []),
  ...ERRORS,
];

const cellValue = (name, row) => (name === "rtl_difference" ? rtlDifference(row) : value(name, row));

function cellText(name, row) {
  const item = cellValue(name, row);
  if (name === "on_joint_front" && value("recommended", row)) return "★";
  if (name === "on_front" || name === "on_joint_front") return item ? "●" : "";
  if (name === "rtl_difference") return item === null ? "-" : signedPercent(item);
  return ERRORS.includes(name) ? item ?? "" : shown(name, item);
}

/** Absent values and points without results last, whichever way the others go. */
function sorted(rows) {
  const sign = view.down ? -1 : 1;
  return [...rows].sort((left, right) => {
    if (view.sort !== "status" && isOk(left) !== isOk(right)) return isOk(left) ? -1 : 1;
    const [a, b] = [cellValue(view.sort, left), cellValue(view.sort, right)];
    if (a === null || b === null) return (a === null) - (b === null);
    return sign * (typeof a === "string" ? a.localeCompare(b) : a - b);
  });
}

function drawHead() {
  const heads = TABLE_COLUMNS.map((name) => {
    const head = element("th");
    head.scope = "col";
    const button = element("button", COLUMNS[name]?.label ?? "model against RTL");
    button.type = "button";
    button.addEventListener("click", () => {
      writeView({ sort: name, down: view.sort === name && !view.down ? "1" : "" });
      drawTable();
    });
    head.dataset.column = name;
    head.className = isNumeric(name) ? "" : "left";
    head.append(button);
    return head;
  });
  document.querySelector("#table thead").replaceChildren(rowOf(heads));
}

function rowOf(cells) {
  const node = element("tr");
  node.append(...cells);
  return node;
}

function drawTable() {
  for (const head of document.querySelectorAll("#table th")) {
    const here = head.dataset.column === view.sort;
    head.ariaSort = here ? (view.down ? "descending" : "ascending") : "none";
  }
  const rows = visibleRows();
  const body = sorted(rows).slice(0, limit).map(tableRow);
  document.querySelector("#table tbody").replaceChildren(...body);
  const left = rows.length - body.length;
  const more = document.getElementById("more");
  more.hidden = left === 0;
  more.textContent = `Show ${Math.min(PAGE, left)} more of ${shown("", left)}`;
  document.getElementById("shown").textContent =
    `${shown("", rows.length)} of ${counted(ROWS.length, "point")}`;
  drawHides();
}

function tableRow(row) {
  const node = rowOf(TABLE_COLUMNS.map((name) => {
    const cell = element("td", name === "id" ? "" : cellText(name, row),
      isNumeric(name) ? "" : "left");
    if (name === "id") {
      const link = element("a", cellText(name, row));
      link.href = `#${new URLSearchParams({ point: value("id", row) })}`;
      link.addEventListener("click", (event) => event.preventDefault());
      cell.append(link);
    }
    return cell;
  }));
  node.dataset.id = value("id", row);
  node.classList.add(value("status", row));
  node.classList.toggle("chosen", String(value("id", row)) === view.point);
  node.addEventListener("click", () => {
    choose(row);
    document.getElementById("layers-title").scrollIntoView({ block: "nearest" });
  });
  return node;
}
