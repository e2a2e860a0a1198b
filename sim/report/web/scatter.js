// The scatter of two columns, with the front of these axes and the marks of the sweep's front.

const SYMBOLS = ["circle", "square", "triangle-up", "cross", "star", "hexagon", "pentagon", "x"];
const MANY = 3000; // points beyond which WebGL draws them
const MOST_LABELS = 25;
const FEW_LEVELS = 9;
const ALIKE = 0.6; // part of the whole range
const LEAST_TICKS = 3; // of an axis
const DIGITS = [[1, 2, 5], [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8],
  Array.from({ length: 18 }, (_, i) => 1 + i / 2)]; // with which ticks begin; the more, the closer

const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
/** The width of a plot that takes at least so many pixels, and is scrolled where there are fewer. */
function widthOf(plot, least) {
  return plot.parentElement.clientWidth < least ? { width: least, autosize: false }
    : { width: undefined, autosize: true };
}

const ZOOM = ["zoom2d", "pan2d", "zoomIn2d", "zoomOut2d", "resetScale2d"];

/** Settings of a plot with only these buttons: others would send the data to Plotly's servers. */
const settings = (...buttons) => ({ displaylogo: false, responsive: true,
  modeBarButtons: [["toImage", ...buttons]] });

function baseLayout(height) {
  return {
    height, paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 13, color: ink("--ink") },
    colorway: DATA.palette, modebar: { bgcolor: "rgba(0,0,0,0)", color: ink("--soft") },
  };
}

function axisOf(name, log, rows) {
  return {
    title: { text: label(name) }, type: isNumeric(name) ? (log ? "log" : "linear") : "category",
    ...ticksOf(name), gridcolor: ink("--line"),
    zerolinecolor: ink("--line"), linecolor: ink("--strong"), automargin: true,
    showticklabels: rows.length > 0,
    ...log ? logRange(name, rows) : narrowRange(name, rows),
  };
}

/** Ticks of a logarithmic axis, with room for some zooming out. */
function logRange(name, rows) {
  const found = levels(name, rows).filter((item) => item > 0);
  if (!found.length) return { autorange: true };
  const [low, high] = [found[0], found.at(-1)];
  const enough = DIGITS.find((digits) => logTicks(low, high, digits).length >= LEAST_TICKS)
    ?? DIGITS.at(-1);
  const tickvals = [...new Set([...logTicks(low / 100, high * 100),
    ...logTicks(low / 1.5, high * 1.5, enough)])];
  return { autorange: true, tickmode: "array", tickvals,
    ticktext: tickvals.map((tick) => tickText(name, tick)) };
}

/** Room around values that hardly differ, so that the ticks of their axis do. */
function narrowRange(name, rows) {
  const found = isNumeric(name) ? levels(name, rows) : [];
  const [low, high] = [found[0], found.at(-1)];
  return low > 0 && high < low * 1.02 ? { range: [low * 0.95, high * 1.05], autorange: false }
    : { autorange: true };
}

/** Rows that no other row is as good as on both axes, in order of x; none where an axis has no
 *  better end. */
function frontOf(rows, x, y) {
  const sign = { lower: 1, higher: -1 };
  const [signX, signY] = [sign[COLUMNS[x].better], sign[COLUMNS[y].better]];
  if (!signX || !signY) return [];
  const ordered = [...rows].sort((a, b) => signX * (value(x, a) - value(x, b))
    || signY * (value(y, a) - value(y, b)));
  let best = Infinity;
  return ordered.filter((row) => {
    const height = signY * value(y, row);
    const better = height < best;
    best = Math.min(best, height);
    return better;
  });
}

/** Traces of the points by what colours them: one a level of a word or a few numbers. The first
 *  picture has the scale of all. */
function pointTraces(rows, isFirst) {
  const symbols = Object.fromEntries(DATA.models.map((name, i) => [name, SYMBOLS[i % 8]]));
  const trace = (part, name, marker) => ({
    type: rows.length > MANY ? "scattergl" : "scatter", mode: "markers", name,
    x: part.map((row) => value(view.x, row)), y: part.map((row) => value(view.y, row)),
    customdata: part, hoverinfo: "none", showlegend: Boolean(name),
    marker: { size: 8, opacity: 0.75, symbol: part.map((row) => symbols[value("model", row)]),
      line: { width: 0 }, ...marker },
  });
  const found = levels(view.colour, ROWS.filter(isOk));
  const known = rows.filter((row) => value(view.colour, row) !== null);
  const unknown = rows.filter((row) => value(view.colour, row) === null);
  const rest = unknown.length ? [trace(unknown, `no ${label(view.colour)}`,
    { color: DATA.other })] : [];
  if (isNumeric(view.colour) && found.length > FEW_LEVELS) {
    return [...rest, trace(known, "", { color: known.map((row) => value(view.colour, row)),
      colorscale: "Viridis", cmin: found[0], cmax: found.at(-1), showscale: isFirst, colorbar: { title: { text: label(view.colour), side: "right" },
        thickness: 12, ...ticksOf(view.colour) } }), ...symbolKeys(symbols)];
  }
  return [...rest, ...found.map((level, i) => trace(
    known.filter((row) => value(view.colour, row) === level),
    view.colour === "model" ? level : `${view.colour} ${shown(view.colour, level)}`,
    { color: DATA.palette[i % DATA.palette.length] },
  )), ...view.colour === "model" ? [] : symbolKeys(symbols)];
}

/** What symbols mean, for the legend alone; nothing where there is one network. */
function symbolKeys(symbols) {
  const names = DATA.models.length > 1 ? DATA.models : [];
  return names.map((name) => ({ type: "scatter", mode: "markers", name, x: [null], y: [null],
    marker: { symbol: symbols[name], size: 8, color: ink("--soft") } }));
}

function frontTraces(rows) {
  const lines = DATA.models.map((model, i) => {
    const front = frontOf(rows.filter((row) => value("model", row) === model), view.x, view.y);
    const colour = view.colour === "model" ? DATA.palette[i % DATA.palette.length] : ink("--soft");
    return {
      type: "scatter", mode: "lines", hoverinfo: "skip", name: "front of these axes",
      legendgroup: "front", showlegend: false, line: { shape: "hv", width: 1.5, color: colour },
      x: front.map((row) => value(view.x, row)), y: front.map((row) => value(view.y, row)),
    };
  }).filter((trace) => trace.x.length);
  if (lines.length) lines[0].showlegend = true;
  return lines;
}

/** Objectives that neither axis tells. Latency is cycles at the clock. */
function hiddenObjectives() {
  const told = [view.x, view.y].flatMap((name) =>
    ["cycles", "latency_s"].includes(name) ? ["cycles", "latency_s"] : [name]);
  return DATA.objectives.filter((name) => !told.includes(name));
}

/** Rows on the sweep's front: those that none of these rows beats on the two axes, and the others,
 *  which are there for an objective that the axes do not show. */
function frontByAxes(rows) {
  const sign = (name) => (COLUMNS[name].better === "higher" ? -1 : 1);
  const at = (name, row) => sign(name) * value(name, row);
  const fronts = Object.fromEntries(DATA.models.map((model) => [model,
    frontOf(rows.filter((row) => value("model", row) === model), view.x, view.y)]));
  const beats = (other, row) => at(view.x, other) <= at(view.x, row)
    && at(view.y, other) <= at(view.y, row)
    && (at(view.x, other) < at(view.x, row) || at(view.y, other) < at(view.y, row));
  const beaten = (row) => hiddenObjectives().length > 0
    && fronts[value("model", row)].some((other) => beats(other, row));
  const on = rows.filter((row) => value("on_front", row));
  return [on.filter((row) => !beaten(row)), on.filter(beaten)];
}

/** Rings around points: the sweep's front, those that RTL ran, and the chosen one. */
function markTraces(rows) {
  const ring = (part, name, marker, extra = {}) => ({
    type: "scatter", mode: "markers", name, x: part.map((row) => value(view.x, row)),
    y: part.map((row) => value(view.y, row)), customdata: part, hoverinfo: "none",
    showlegend: part.length > 0 && Boolean(name), marker, ...extra,
  });
  const verified = rows.filter((row) => rtlDifference(row) !== null);
  const wrong = verified.filter((row) => value("rtl_mismatches", row));
  const [best, beaten] = frontByAxes(rows);
  const chosen = rows.filter((row) => String(value("id", row)) === view.point);
  return [
    ring(best, "front of the sweep",
      { size: 11, symbol: "circle-open", color: ink("--ink"), line: { width: 1.3 } }),
    ring(beaten, `front of the sweep by ${hiddenObjectives().map((name) => COLUMNS[name].label).join(" or ")}`,
      { size: 12, symbol: "square-open", color: ink("--soft"), line: { width: 1.3 } }),
    ring(verified, "run in RTL, and how far off the model is",
      { size: 14, symbol: "diamond-open", color: ink("--good"), line: { width: 1.3 } },
      verified.length <= MOST_LABELS ? { mode: "markers+text", textposition: "top center", cliponaxis: false,
        textfont: { size: 11, color: ink("--good") },
        text: verified.map((row) => signedPercent(rtlDifference(row))) } : {}),
    ring(wrong, "wrong outputs in RTL", { size: 16, symbol: "x", color: ink("--bad") }),
    ring(rows.filter((row) => value("recommended", row)), "recommended",
      { size: 17, symbol: "star-open", color: ink("--good"), line: { width: 2 } }),
    ring(chosen, "", { size: 20, symbol: "circle-open", color: ink("--bad"), line: { width: 3 } }),
  ];
}

/** Rows of each picture: one for all networks, or one a network. */
function panelsOf(rows) {
  if (view.show === ALL) return [{ title: "", rows }];
  const models = DATA.models.filter((model) => view.show === EACH || view.show === alone(model));
  const panels = models.map((model) => ({ title: DATA.models.length > 1 ? model : "",
    rows: rows.filter((row) => value("model", row) === model) }));
  const filled = panels.filter((panel) => panel.rows.length);
  return filled.length ? filled : panels.slice(0, 1);
}

/** The traces of all pictures, each on its axes; the legend names what they share once. */
function panelTraces(panels) {
  const named = new Set();
  return panels.flatMap(({ title, rows }, i) => {
    const traces = [...frontTraces(rows), ...pointTraces(rows, i === 0), ...markTraces(rows)];
    return traces.map((trace) => {
      const isTitle = trace.name === title && view.colour === "model";
      const first = trace.showlegend !== false && trace.name && !named.has(trace.name) && !isTitle;
      if (first) named.add(trace.name);
      return { ...trace, legendgroup: trace.name, showlegend: Boolean(first),
        xaxis: `x${i ? i + 1 : ""}`, yaxis: `y${i ? i + 1 : ""}` };
    });
  });
}

/** Whether the pictures' points spread about equally far across, so that one range suits all. */
function areAlike(panels) {
  const at = (row) => (view.logx ? Math.log(value(view.x, row)) : value(view.x, row));
  const width = (rows) => Math.max(...rows.map(at)) - Math.min(...rows.map(at));
  const whole = width(panels.flatMap((panel) => panel.rows));
  return isNumeric(view.x) && panels.every((panel) => width(panel.rows) >= ALIKE * whole);
}

/** Axes and titles of the pictures, with the same range across where that suits all. */
function panelLayout(panels, rows, columns) {
  const layout = { annotations: [] };
  const lines = Math.ceil(panels.length / columns);
  const alike = areAlike(panels);
  if (panels.length > 1) {
    layout.grid = { rows: lines, columns, pattern: "independent", xgap: 0.14, ygap: 0.24 };
  }
  panels.forEach((panel, i) => {
    const number = i ? i + 1 : "";
    const across = axisOf(view.x, view.logx, alike ? rows : panel.rows);
    const up = axisOf(view.y, view.logy, panel.rows);
    if (i && alike) across.matches = "x";
    if (i + columns < panels.length) delete across.title;
    if (i % columns) delete up.title;
    layout[`xaxis${number}`] = across;
    layout[`yaxis${number}`] = up;
    const at = { xref: `x${number} domain`, yref: `y${number} domain`, showarrow: false };
    if (panel.title) {
      layout.annotations.push({ ...at, text: `<b>${escaped(panel.title)}</b>`, x: 0, y: 1,
        xanchor: "left", yanchor: "bottom" });
    }
    if (!panel.rows.length) layout.annotations.push({ ...at, text: "No point to show", x: 0.5, y: 0.5 });
  });
  return layout;
}

const listed = (words) => [words.slice(0, -1).join(", "), words.at(-1)].filter(Boolean).join(" and ");

/** Says beside the picture what its marks mean: why points on the front may look beaten. */
function drawReading(panels) {
  const rows = panels.flatMap((panel) => panel.rows);
  const hides = hiddenObjectives().map((name) => COLUMNS[name].label);
  const axes = [view.x, view.y].map((name) => COLUMNS[name].label);
  const [best, beaten] = frontByAxes(rows);
  const all = listed(DATA.objectives.map((name) => COLUMNS[name].label));
  const texts = [];
  if (best.length) texts.push(`○ ${counted(best.length, "point")} on the front of ${all}.`);
  if (beaten.length) {
    texts.push(`□ ${counted(beaten.length, "point")} on it that others beat in ${listed(axes)}, `
      + `but not in ${hides.join(" or ")}, which these axes do not show.`);
  }
  document.getElementById("reading").textContent = texts.join(" ");
}

const TWO_COLUMNS = matchMedia("(min-width: 760px)");
const HEIGHT = 600;
const PANEL_HEIGHT = 330;
const BELOW = 110; // pixels for the axis' title and the legend

function drawScatter() {
  const rows = visibleRows().filter((row) => isOk(row)
    && value(view.x, row) !== null && value(view.y, row) !== null);
  const panels = panelsOf(rows);
  const plot = document.getElementById("scatter");
  const columns = panels.length > 1 && TWO_COLUMNS.matches ? 2 : 1;
  const lines = Math.ceil(panels.length / columns);
  const height = Math.max(HEIGHT, PANEL_HEIGHT * lines + BELOW);
  const layout = {
    ...baseLayout(height), ...panelLayout(panels, panels.flatMap((panel) => panel.rows), columns),
    margin: { l: 70, r: 20, t: 26, b: 50 }, hovermode: "closest",
    uirevision: [view.x, view.y, panels.map((panel) => panel.title)].join(),
    legend: { orientation: "h", y: -80 / (height - BELOW), x: 0 },
  };
  drawReading(panels);
  return Plotly.react(plot, panelTraces(panels), layout, settings(...ZOOM)).then(() => {
    plot.removeAllListeners("plotly_click");
    plot.on("plotly_click", ({ points }) => choose(points[0].customdata));
    plot.removeAllListeners("plotly_hover");
    plot.on("plotly_hover", ({ points, event }) => showTip(points[0].customdata, event));
    plot.removeAllListeners("plotly_unhover");
    plot.on("plotly_unhover", hideTip);
  });
}
