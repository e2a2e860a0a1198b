// What the reader chose, kept in the address after '#' so that a view can be shared.

const NUMBERS = DATA.columns.filter((column) => column.role === "config"
  || (column.role === "result" && (RESULTS.length === 0 || RESULTS.includes(column))));
const [FIRST, SECOND] = [...new Set([...DATA.objectives, "cycles", "energy_j"])];
const ACROSS = DATA.objectives.includes("area_ge") && FIRST !== "area_ge" ? "area_ge" : SECOND;
const DEFAULTS = {
  x: ACROSS, y: FIRST, colour: DATA.models.length > 1 ? "model" : VARYING[0]?.name ?? "model",
  logx: isWide(ACROSS) ? "1" : "", logy: isWide(FIRST) ? "1" : "", front: "", hide: "", q: "", sort: "id", down: "", point: "",
};
const TERM = /^(\w+)(<=|>=|!=|=|<|>)(.+)$/;
const COMPARE = {
  "<=": (a, b) => a <= b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, ">": (a, b) => a > b,
  "=": (a, b) => a === b, "!=": (a, b) => a !== b,
};

let view = readView();
let brushed = null; // rows inside the ranges of the parallel coordinates; null where none is set

function readView() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const chosen = { ...DEFAULTS, ...given };
  for (const name of ["x", "y", "colour", "sort"]) {
    if (!COLUMNS[chosen[name]] && chosen[name] !== "rtl_difference") chosen[name] = DEFAULTS[name];
  }
  return chosen;
}

function writeView(changes) {
  view = { ...view, ...changes };
  const kept = Object.entries(view).filter(([name, item]) => item !== DEFAULTS[name]);
  history.replaceState(null, "", `#${new URLSearchParams(kept)}`);
}

const hidden = () => new Set(view.hide.split(",").filter(Boolean));

/** Rows that every filter but the brushes lets through. */
function filteredRows() {
  const off = hidden();
  const tests = view.q.trim().split(/\s+/).filter(Boolean).map(termTest);
  return ROWS.filter((row) => !off.has(value("model", row)) && !off.has(value("status", row))
    && (!view.front || value("on_front", row)) && tests.every((test) => test(row)));
}

const visibleRows = () => filteredRows().filter((row) => !brushed || brushed.has(row));

/** A word of the filter: `field<=number`, `field=word`, or text that any column holds. */
function termTest(term) {
  const [, name, sign, wanted] = TERM.exec(term) ?? [];
  if (name && COLUMNS[name]) {
    const number = Number(wanted.replaceAll("_", ""));
    const compare = COMPARE[sign];
    return (row) => {
      const item = value(name, row);
      return item !== null && compare(item, typeof item === "number" ? number : wanted);
    };
  }
  const text = term.toLowerCase();
  return (row) => DATA.columns.some((column) =>
    String(value(column.name, row) ?? "").toLowerCase().includes(text));
}
