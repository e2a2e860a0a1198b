// What the reader chose, kept in the address after '#' so that a view can be shared.

const NUMBERS = DATA.columns.filter((column) => column.role === "config"
  || (column.role === "result" && (RESULTS.length === 0 || RESULTS.includes(column))));
const [FIRST, SECOND] = [...new Set([...DATA.objectives, "cycles", "energy_j"])];
const ACROSS = DATA.objectives.includes("area_ge") && FIRST !== "area_ge" ? "area_ge" : SECOND;
const EACH = "each"; // network in a picture of its own
const ALL = "all"; // networks in one picture
const FEW_NETWORKS = 2; // which one picture shows without crowding
const alone = (model) => `=${model}`; // one network, whatever its name
const DEFAULTS = {
  show: DATA.models.length > FEW_NETWORKS ? EACH : ALL, x: ACROSS, y: FIRST,
  colour: DATA.models.length > 1 ? "model" : VARYING[0]?.name ?? "model",
  logx: isWide(ACROSS) ? "1" : "", logy: isWide(FIRST) ? "1" : "", front: "", joint: "", hide: "",
  q: DATA.answer.limits.join(" "), sort: "id", down: "", point: "",
};

let view = readView();
let brushed = null; // rows inside the ranges of the parallel coordinates; null where none is set

function readView() {
  const given = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const chosen = { ...DEFAULTS, ...given };
  for (const name of ["x", "y", "colour", "sort"]) {
    if (!COLUMNS[chosen[name]] && chosen[name] !== "rtl_difference") chosen[name] = DEFAULTS[name];
  }
  if (![EACH, ALL, ...DATA.models.map(alone)].includes(chosen.show)) chosen.show = DEFAULTS.show;
  return chosen;
}

function writeView(changes) {
  view = { ...view, ...changes };
  const kept = Object.entries(view).filter(([name, item]) => item !== DEFAULTS[name]);
  history.replaceState(null, "", `#${new URLSearchParams(kept)}`);
}

const hidden = () => new Set(view.hide.split(",").filter(Boolean));

/** All that may hide points but the ranges on the axes: {text, keeps: row => boolean}. */
function filters() {
  return [
    ...[...hidden()].map((name) => ({ text: `${name} switched off`,
      keeps: (row) => value("model", row) !== name && value("status", row) !== name })),
    ...view.front ? [{ text: "front only", keeps: (row) => value("on_front", row) }] : [],
    ...view.joint ? [{ text: "joint front only", keeps: (row) => value("on_joint_front", row) }] : [],
    ...termsOf(view.q).filter((term) => term.keeps),
  ];
}

/** Rows that every filter but the brushes lets through. */
function filteredRows() {
  const all = filters();
  return ROWS.filter((row) => all.every(({ keeps }) => keeps(row)));
}

const visibleRows = () => filteredRows().filter((row) => !brushed || brushed.has(row));

/** Says which filter hides how many points, each by itself, and what it cannot understand. */
function drawHides() {
  const all = [...filters(), ...brushed ? [{ text: "ranges on the axes",
    keeps: (row) => brushed.has(row) }] : []];
  const said = all.map(({ text, keeps }) => [text, ROWS.filter((row) => !keeps(row)).length])
    .filter(([, count]) => count)
    .map(([text, count]) => element("span", `${text} hides ${counted(count, "point")}`));
  const wrong = termsOf(view.q).filter((term) => term.problem);
  const problems = wrong.map(({ text, problem }) =>
    element("span", `${text} is left out: ${problem}`, "bad"));
  document.getElementById("hides").replaceChildren(...problems, ...said);
  document.getElementById("filter").ariaInvalid = String(wrong.length > 0);
}
