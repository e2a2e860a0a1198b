// The scatter of two columns, with the front of these axes and the marks of the sweep's front.

const SYMBOLS = ["circle", "square", "triangle-up", "cross", "star", "hexagon", "pentagon", "x"];
const MANY = 3000; // points beyond which WebGL draws them
const MOST_LABELS = 25;
const FEW_LEVELS = 9;

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
  const tickvals = logTicks(found[0] / 100, found.at(-1) * 100);
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

/** Traces of the points by what colours them: one a level of a word or a few numbers. */
function pointTraces(rows) {
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
      colorscale: "Viridis", colorbar: { title: { text: label(view.colour), side: "right" },
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

/** Rings around points: the sweep's front, those that RTL ran, and the chosen one. */
function markTraces(rows) {
  const ring = (part, name, marker, extra = {}) => ({
    type: "scatter", mode: "markers", name, x: part.map((row) => value(view.x, row)),
    y: part.map((row) => value(view.y, row)), customdata: part, hoverinfo: "none",
    showlegend: part.length > 0 && Boolean(name), marker, ...extra,
  });
  const verified = rows.filter((row) => rtlDifference(row) !== null);
  const wrong = verified.filter((row) => value("rtl_mismatches", row));
  const chosen = rows.filter((row) => String(value("id", row)) === view.point);
  return [
    ring(rows.filter((row) => value("on_front", row)), "front of the sweep",
      { size: 11, symbol: "circle-open", color: ink("--ink"), line: { width: 1.3 } }),
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

function drawScatter() {
  const rows = visibleRows().filter((row) => isOk(row)
    && value(view.x, row) !== null && value(view.y, row) !== null);
  const traces = [...frontTraces(rows), ...pointTraces(rows), ...markTraces(rows)];
  const layout = {
    ...baseLayout(600), xaxis: axisOf(view.x, view.logx, rows), yaxis: axisOf(view.y, view.logy, rows),
    margin: { l: 70, r: 20, t: 10, b: 50 }, hovermode: "closest", uirevision: view.x + view.y,
    legend: { orientation: "h", y: -0.16, x: 0 },
    annotations: rows.length ? [] : [{ text: "No point to show", showarrow: false, x: 0.5, y: 0.5,
      xref: "paper", yref: "paper" }],
  };
  const plot = document.getElementById("scatter");
  return Plotly.react(plot, traces, layout, settings(...ZOOM)).then(() => {
    plot.removeAllListeners("plotly_click");
    plot.on("plotly_click", ({ points }) => choose(points[0].customdata));
    plot.removeAllListeners("plotly_hover");
    plot.on("plotly_hover", ({ points, event }) => showTip(points[0].customdata, event));
    plot.removeAllListeners("plotly_unhover");
    plot.on("plotly_unhover", hideTip);
  });
}
