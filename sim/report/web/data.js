// The points by column, how their values read, and the layers (inflated when first asked for).

const DATA = JSON.parse(document.getElementById("points").textContent);
const COLUMNS = Object.fromEntries(DATA.columns.map((column) => [column.name, column]));
const ROWS = Array.from({ length: DATA.count }, (_, row) => row);
const HAS_JOINT = DATA.answer.described !== null; // whether a design is more than one point
const WIDE_RANGE = 20;
const PREFIXES = [[1e9, "G"], [1e6, "M"], [1e3, "k"], [1, ""], [1e-3, "m"], [1e-6, "µ"],
  [1e-9, "n"], [1e-12, "p"]];

function value(name, row) {
  const values = DATA.values[name];
  return Array.isArray(values) ? values[row] : values.all;
}

const isOk = (row) => value("status", row) === "ok";
const distinct = (name, rows) => [...new Set(rows.map((row) => value(name, row)))];

/** Whether the column holds numbers (absent ones aside). */
function isNumeric(name) {
  const values = DATA.values[name === "rtl_difference" ? "rtl_cycles" : name];
  const found = (Array.isArray(values) ? values : [values.all]).filter((item) => item !== null);
  return found.length > 0 && found.every((item) => typeof item === "number");
}

/** Distinct values in order: numbers by size, words as in a dictionary, networks as they came. */
function levels(name, rows) {
  if (name === "model") return DATA.models;
  const found = distinct(name, rows).filter((item) => item !== null);
  return isNumeric(name) ? found.sort((a, b) => a - b) : found.sort();
}

/** Whether the values span so much that an axis had better be logarithmic. */
function isWide(name) {
  const found = isNumeric(name) && COLUMNS[name].unit !== "%" ? levels(name, ROWS) : [];
  return found[0] > 0 && found.at(-1) / found[0] > WIDE_RANGE;
}

/** Absent values aside: those of the accelerator where a point has none. */
const varies = (column) => distinct(column.name, ROWS).filter((item) => item !== null).length > 1;
const VARYING = DATA.columns.filter((column) => column.role === "config" && varies(column));
const FIXED = DATA.columns.filter((column) => column.role === "config" && !varies(column));
const RESULTS = DATA.columns.filter((column) => column.role === "result"
  && distinct(column.name, ROWS).some((item) => item !== null));
const ERRORS = ["error", "fpga_error", "rtl_error"].filter((name) => COLUMNS[name]
  && ROWS.some((row) => value(name, row)));

function quantity(number, unit) {
  if (number === 0) return `0 ${unit}`;
  const [factor, prefix] = PREFIXES.find(([size]) => Math.abs(number) >= size) ?? PREFIXES.at(-1);
  return `${Number((number / factor).toPrecision(3))} ${prefix}${unit}`;
}

/** A value as people read it. */
function shown(name, item) {
  if (item === null || item === undefined) return "-";
  if (typeof item !== "number") return String(item);
  const unit = COLUMNS[name]?.unit;
  if (unit === "s" || unit === "J" || unit === "Hz") return quantity(item, unit);
  if (unit === "%") return `${(100 * item).toFixed(1)}%`;
  const rounded = Number.isInteger(item) ? item
    : Math.abs(item) >= 1000 ? Math.round(item) : Number(item.toPrecision(4));
  return rounded.toLocaleString("en-US");
}

/** A column's name, with the unit unless its values or its name tell it. */
const label = (name) => COLUMNS[name].label + ({ GE: " (GE)",
  B: COLUMNS[name].role === "result" ? " (bytes)" : "" }[COLUMNS[name].unit] ?? "");

const counted = (number, noun) => `${shown("", number)} ${noun}${number === 1 ? "" : "s"}`;

/** These digits times powers of ten within these ends. */
function logTicks(low, high, digits = [1, 2, 5]) {
  const from = Math.floor(Math.log10(low));
  return Array.from({ length: Math.floor(Math.log10(high)) - from + 1 },
    (_, i) => digits.map((digit) => Number(`${digit}e${from + i}`))).flat()
    .filter((tick) => low <= tick && tick <= high);
}

/** A tick with its whole unit, which Plotly leaves out of most ticks of a logarithmic axis. */
function tickText(name, tick) {
  const { unit, role } = COLUMNS[name];
  if (unit === "%") return shown(name, tick);
  if (role === "config" && unit !== "Hz") return shown(name, tick);
  return quantity(tick, ticksOf(name).ticksuffix).trim();
}

/** How Plotly writes the column's values at an axis. */
function ticksOf(name) {
  const { unit, role } = COLUMNS[name];
  const tickformat = unit === "%" ? ".0%" : role === "config" && unit !== "Hz" ? "" : "~s";
  return { tickformat, ticksuffix: ["s", "J", "Hz"].includes(unit) ? unit : "" };
}

/** Cycles predicted for a point that RTL ran, relative to RTL's: 0.01 is one percent too many. */
function rtlDifference(row) {
  const measured = DATA.values.rtl_cycles ? value("rtl_cycles", row) : null;
  return measured ? value("cycles", row) / measured - 1 : null;
}

const signedPercent = (part) => `${part < 0 ? "−" : "+"}${(100 * Math.abs(part)).toFixed(2)}%`;

let inflated = null;

/** Layers of a point: [{name, op, engine, macs, cycles, nanojoules, stalls: {cause: cycles}}]. */
async function layersOf(id) {
  inflated ??= inflate(document.getElementById("layers-data").textContent);
  const { lists, causes, points } = await inflated;
  if (!points[id]) return [];
  const [list, cycles, nanojoules, stalls] = points[id];
  return lists[list].map(([name, op, engine, macs], position) => ({
    name, op, engine, macs, cycles: cycles[position], nanojoules: nanojoules[position],
    stalls: Object.fromEntries(Object.entries(stalls)
      .map(([cause, counts]) => [causes[cause], counts[position]])),
  }));
}

async function inflate(text) {
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}
