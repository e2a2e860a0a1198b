// Parallel coordinates of the fields that vary and the results; ranges on them filter the page.

const MOST_LEVELS = 12; // values of a field that stand at equal distances
const RESULT_AXES = ["cycles", "energy_j", "area_ge", "mac_utilisation", "speedup",
  "peak_sram_bytes"];
const AXIS_PIXELS = 90; // that an axis takes at least
const brushes = {};

/** An axis: how a value becomes a height, its range, and its ticks. */
function scaleOf(name, rows) {
  const found = levels(name, rows);
  const [low, high] = [found[0], found.at(-1)];
  if (!isNumeric(name) || (COLUMNS[name].role === "config" && found.length <= MOST_LEVELS)) {
    return { height: (item) => found.indexOf(item), tickvals: found.map((_, i) => i),
      ticktext: found.map((item) => shown(name, item)), range: [0, Math.max(found.length - 1, 1)] };
  }
  if (isWide(name) && high / low > WIDE_RANGE) {
    const ticks = logTicks(low, high);
    return { height: Math.log10, tickvals: ticks.map(Math.log10),
      ticktext: ticks.map((tick) => tickText(name, tick)), range: [low, high].map(Math.log10) };
  }
  const { tickformat } = ticksOf(name);
  const unit = ticksOf(name).ticksuffix;
  return { height: (item) => item, unit: unit && ` (${unit})`, tickformat: tickformat === "~s" ? ".3~s" : tickformat,
    range: narrowRange(name, rows).range ?? [low, high > low ? high : low + 1] };
}

function lineColours(rows) {
  const found = levels(view.colour, ROWS.filter(isOk));
  if (isNumeric(view.colour) && found.length > FEW_LEVELS) {
    return { color: rows.map((row) => value(view.colour, row)), colorscale: "Viridis" };
  }
  const last = Math.max(found.length - 1, 1);
  return {
    color: rows.map((row) => found.indexOf(value(view.colour, row))), cmin: 0, cmax: last,
    colorscale: Array.from({ length: last + 1 },
      (_, i) => [i / last, DATA.palette[i % DATA.palette.length]]),
  };
}

/** Fields that somebody varied (not those that follow from them), and results. */
function parallelNames(rows) {
  const asked = VARYING.filter(({ name }) => DATA.fields.includes(name)
    && distinct(name, rows).length > 1);
  return [...(DATA.models.length > 1 ? ["model"] : []), ...asked.map(({ name }) => name),
    ...RESULT_AXES.filter((name) => RESULTS.some((column) => column.name === name))];
}

/** Points with a place on every axis: one without an accelerator has no utilisation, and so on. */
function placedRows() {
  const results = RESULT_AXES.filter((name) => RESULTS.some((column) => column.name === name));
  return ROWS.filter((row) => isOk(row) && [...VARYING.map(({ name }) => name), ...results]
    .every((name) => value(name, row) !== null));
}

function drawParallel() {
  const placed = placedRows();
  const names = parallelNames(placed);
  const allowed = new Set(filteredRows());
  const rows = placed.filter((row) => allowed.has(row));
  const plot = document.getElementById("parallel");
  const absent = ROWS.filter(isOk).length - placed.length;
  document.getElementById("absent").textContent = absent
    ? ` ${counted(absent, "point")} without an accelerator or a result: not here.` : "";
  if (rows.length === 0) {
    Plotly.purge(plot);
    plot.textContent = "No point to show";
    return Promise.resolve();
  }
  // A plot that was purged leaves its class behind, so it does not tell a plot from the text.
  if (!plot.data) plot.textContent = "";
  const scales = Object.fromEntries(names.map((name) => [name, scaleOf(name, placed)]));
  const dimensions = names.map((name) => {
    const { height, unit, ...ticks } = scales[name];
    return { name, label: COLUMNS[name].label + (unit ?? ""), constraintrange: brushes[name], ...ticks,
      values: rows.map((row) => height(value(name, row))) };
  });
  const trace = { type: "parcoords", line: lineColours(rows), dimensions,
    labelfont: { size: 12 }, tickfont: { size: 11 }, labelangle: -15, labelside: "top",
    unselected: { line: { opacity: 0.06 } } };
  const layout = { ...baseLayout(420), margin: { l: 70, r: 70, t: 90, b: 20 },
    ...widthOf(plot, AXIS_PIXELS * names.length) };
  return Plotly.react(plot, [trace], layout, settings()).then(() => {
    plot.removeAllListeners("plotly_restyle");
    plot.on("plotly_restyle", () => {
      for (const { name, constraintrange } of plot.data[0].dimensions) {
        brushes[name] = constraintrange ?? undefined;
      }
      const set = names.filter((name) => brushes[name]);
      brushed = set.length === 0 ? null : new Set(rows.filter((row) => set.every((name) =>
        inRanges(scales[name].height(value(name, row)), brushes[name]))));
      drawScatter();
      drawTable();
    });
  });
}

function inRanges(height, ranges) {
  const several = Array.isArray(ranges[0]) ? ranges : [ranges];
  return several.some(([low, high]) => low <= height && height <= high);
}
