// Parallel coordinates of the fields that vary and the results; ranges on them filter the page.

const MOST_LEVELS = 12; // values of a field that stand at equal distances
const RESULT_AXES = ["cycles", "energy_j", "area_ge", "mac_utilisation", "speedup",
  "peak_sram_bytes"];
const brushes = {};

/** An axis: how a value becomes a height, and its ticks. */
function scaleOf(name, rows) {
  const found = levels(name, rows);
  if (!isNumeric(name) || (COLUMNS[name].role === "config" && found.length <= MOST_LEVELS)) {
    return { height: (item) => found.indexOf(item), tickvals: found.map((_, i) => i),
      ticktext: found.map((item) => shown(name, item)) };
  }
  if (isWide(name)) {
    const [low, high] = [found[0], found.at(-1)];
    const from = Math.floor(Math.log10(low));
    const ticks = Array.from({ length: Math.floor(Math.log10(high)) - from + 1 },
      (_, i) => [1, 2, 5].map((digit) => digit * 10 ** (from + i))).flat()
      .filter((tick) => low <= tick && tick <= high);
    return { height: Math.log10, tickvals: ticks.map(Math.log10),
      ticktext: ticks.map((tick) => quantity(tick, ticksOf(name).ticksuffix)) };
  }
  return { height: (item) => item, tickformat: ticksOf(name).tickformat };
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

function drawParallel() {
  const names = [...(DATA.models.length > 1 ? ["model"] : []), ...VARYING.map(({ name }) => name),
    ...RESULT_AXES.filter((name) => RESULTS.some((column) => column.name === name))];
  const rows = filteredRows().filter((row) => isOk(row)
    && names.every((name) => value(name, row) !== null));
  const scales = Object.fromEntries(names.map((name) => [name, scaleOf(name, ROWS.filter(isOk))]));
  const dimensions = names.map((name) => {
    const { height, ...ticks } = scales[name];
    return { name, label: COLUMNS[name].label, constraintrange: brushes[name], ...ticks,
      values: rows.map((row) => height(value(name, row))) };
  });
  const trace = { type: "parcoords", line: lineColours(rows), dimensions,
    labelfont: { size: 12 }, tickfont: { size: 11 }, labelangle: -15, labelside: "top",
    unselected: { line: { opacity: 0.06 } } };
  const plot = document.getElementById("parallel");
  const layout = { ...baseLayout(420), margin: { l: 70, r: 70, t: 90, b: 20 } };
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
