// Where the cycles and the energy of the chosen point went, layer by layer.

const LAYER_HEIGHT = 22;
const LONGEST_NAME = 26;
const LEAST_WIDTH = 560;

function shortened(text) {
  if (text.length <= LONGEST_NAME) return text;
  const head = Math.floor((LONGEST_NAME - 1) / 2);
  return `${text.slice(0, head)}…${text.slice(head + 1 - LONGEST_NAME)}`;
}

/** Cycles of the layers by what they went to. */
function cycleParts(layers) {
  const stalled = ({ stalls }) => Object.values(stalls).reduce((sum, count) => sum + count, 0);
  const busy = layers.map((layer) => layer.cycles - stalled(layer));
  const on = (engine) => layers.map((layer, i) => (layer.engine === engine ? busy[i] : 0));
  return [
    { name: "array computes", colour: DATA.busy, cycles: on("npu") },
    { name: "CPU computes", colour: DATA.other, cycles: on("cpu") },
    ...Object.entries(DATA.stalls).map(([cause, colour]) => ({ name: `waits: ${cause}`, colour,
      cycles: layers.map(({ stalls }) => stalls[cause] ?? 0) })),
  ].filter(({ cycles }) => cycles.some(Boolean));
}

function utilisation({ engine, macs, cycles }, row) {
  return engine === "npu" && macs && cycles
    ? macs / (cycles * value("rows", row) * value("cols", row)) : null;
}

async function drawLayers() {
  const row = ROWS.find((candidate) => String(value("id", candidate)) === view.point);
  const plot = document.getElementById("layers");
  writeFacts(row);
  const layers = row === undefined ? [] : await layersOf(value("id", row));
  if (row !== undefined && String(value("id", row)) !== view.point) return; // chosen since
  if (layers.length === 0) {
    Plotly.purge(plot);
    plot.textContent = row === undefined ? "Click a point or a row to see its layers."
      : "No layers are known of this point.";
    return;
  }
  if (!plot.data) plot.textContent = "";
  const y = layers.map((_, i) => i);
  const bars = (x, extra) => ({ type: "bar", orientation: "h", y, x, ...extra });
  const hover = (unit) => `<b>%{customdata}</b><br>%{x${unit}}<extra>%{fullData.name}</extra>`;
  const customdata = layers.map(({ name, op }) => `${escaped(name)} (${escaped(op)})`);
  const traces = [
    ...cycleParts(layers).map(({ name, colour, cycles }) => bars(cycles,
      { name, marker: { color: colour }, customdata, hovertemplate: hover(":,d") })),
    bars(layers.map((layer) => utilisation(layer, row)), { name: "MAC utilisation", xaxis: "x2",
      marker: { color: DATA.busy }, customdata, hovertemplate: hover(":.1%"), showlegend: false }),
    bars(layers.map(({ nanojoules }) => nanojoules === null ? null : nanojoules * 1e-9),
      { name: "energy", xaxis: "x3", marker: { color: DATA.palette[1] }, customdata,
        hovertemplate: hover(":.3s") + "J", showlegend: false }),
  ];
  const axis = (title, domain, tickformat, extra) => ({ title: { text: title }, domain, tickformat,
    gridcolor: ink("--line"), zerolinecolor: ink("--line"), side: "top", nticks: 5, ...extra });
  await Plotly.react(plot, traces, {
    ...baseLayout(LAYER_HEIGHT * layers.length + 150), ...widthOf(plot, LEAST_WIDTH), barmode: "stack", bargap: 0.25,
    yaxis: { autorange: "reversed", automargin: true, tickvals: y,
      ticktext: layers.map(({ name }) => escaped(shortened(name))), ticklabelstandoff: 6 },
    xaxis: axis("cycles", [0, 0.56], "~s"),
    xaxis2: axis("utilisation", [0.62, 0.79], ".0%", { range: [0, 1], nticks: 3 }),
    xaxis3: axis("energy", [0.85, 1], "~s", { ticksuffix: "J", nticks: 3 }),
    legend: { orientation: "h", y: 0, yanchor: "top", traceorder: "normal" }, margin: { l: 20, r: 30, t: 60, b: 20 },
  }, settings("resetScale2d"));
}

/** Plotly reads some HTML in texts; names are not HTML. */
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function writeFacts(row) {
  document.getElementById("layers-title").textContent = row === undefined ? "Layers"
    : `Layers of point ${value("id", row)}: ${value("model", row)}`;
  document.getElementById("facts").replaceChildren(...row === undefined ? [] : factNodes(row));
}

/** What a point is and what came out, for the tip and above the layers. */
function factNodes(row) {
  const list = (columns, kind) => {
    const node = element("dl", "", kind);
    for (const { name, label: text } of columns.filter(({ name }) => value(name, row) !== null)) {
      node.append(element("dt", text), element("dd", shown(name, value(name, row))));
    }
    return node;
  };
  const nodes = [list(VARYING, "varying"), list(RESULTS, "results"), list(FIXED, "fixed")];
  const difference = rtlDifference(row);
  if (difference !== null) {
    nodes.push(element("p", `The model says ${signedPercent(difference)} of RTL's cycles.`, "good"));
  }
  for (const name of ERRORS.filter((error) => value(error, row))) {
    const whose = name === "error" ? "" : `${COLUMNS[name].label}: `;
    nodes.push(element("p", whose + value(name, row), "bad"));
  }
  return nodes;
}
