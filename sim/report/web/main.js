// Controls, the tip, and who draws what when something changes.

const PAUSE_MS = 150; // in typing, after which the filter applies

function element(tag, text = "", kind = "") {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  if (kind) node.className = kind;
  return node;
}

function choose(row) {
  const id = String(value("id", row));
  writeView({ point: id });
  for (const node of document.querySelectorAll("#table tbody tr")) {
    node.classList.toggle("chosen", node.dataset.id === id);
  }
  return Promise.all([drawScatter(), drawLayers()]);
}

function showTip(row, { clientX, clientY }) {
  const tip = document.getElementById("tip");
  const heading = element("b", `${value("id", row)}: ${value("model", row)}`);
  tip.replaceChildren(heading, ...factNodes(row));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = clientX + 18 + width < innerWidth ? clientX + 18 : clientX - 18 - width;
  tip.style.left = `${Math.max(0, left)}px`;
  tip.style.top = `${Math.max(0, Math.min(clientY + 12, innerHeight - height - 4))}px`;
}

function hideTip() {
  document.getElementById("tip").hidden = true;
}

function fillSelect(id, columns) {
  const select = document.getElementById(id);
  select.replaceChildren(...columns.map(({ name, label: text }) => new Option(text, name)));
  select.addEventListener("change", () => {
    const scale = { x: "logx", y: "logy" }[id];
    writeView({ [id]: select.value, ...scale && { [scale]: isWide(select.value) ? "1" : "" } });
    draw();
  });
}

/** The choice of networks for the picture of the front; none where there is one. */
function fillShow() {
  const select = document.getElementById("show");
  select.append(new Option("each in its own picture", EACH), new Option("all in one picture", ALL),
    ...DATA.models.map((model) => new Option(`only ${model}`, alone(model))));
  document.getElementById("show-label").hidden = DATA.models.length < 2;
  select.addEventListener("change", () => {
    writeView({ show: select.value });
    drawScatter();
  });
}

/** Buttons that switch the rows of a model or a status off and on. */
function fillChips(id, names) {
  document.getElementById(id).replaceChildren(...names.map((name) => {
    const count = ROWS.filter((row) => value("model", row) === name
      || value("status", row) === name).length;
    const chip = element("button", `${name} ${shown("", count)}`);
    chip.type = "button";
    chip.dataset.name = name;
    chip.addEventListener("click", () => {
      const off = hidden();
      if (!off.delete(name)) off.add(name);
      writeView({ hide: [...off].join(",") });
      draw();
    });
    return chip;
  }));
}

function showControls() {
  for (const id of ["show", "x", "y", "colour"]) document.getElementById(id).value = view[id];
  for (const id of ["logx", "logy", "front", "joint"]) document.getElementById(id).checked = view[id] === "1";
  document.getElementById("filter").value = view.q;
  const off = hidden();
  for (const chip of document.querySelectorAll(".chips button")) {
    chip.ariaPressed = String(!off.has(chip.dataset.name));
  }
}

function draw() {
  showControls();
  drawTable();
  return Promise.all([drawScatter(), drawParallel(), drawLayers()]);
}

function start() {
  document.getElementById("title").textContent = DATA.title;
  document.getElementById("summary").textContent = `${counted(ROWS.length, "point")}, `
    + `${shown("", ROWS.filter((row) => value("on_front", row)).length)} on the front of `
    + `${DATA.objectives.map((name) => COLUMNS[name].label).join(", ")}. `
    + "Energy is modelled, not measured.";
  if (DATA.command) document.getElementById("command").append(element("code", DATA.command));
  document.getElementById("notes").append(...DATA.notes.map((note) => element("p", note, "note")));
  drawAnswer();
  fillShow();
  fillSelect("x", NUMBERS);
  fillSelect("y", NUMBERS);
  fillSelect("colour", [COLUMNS.model, ...NUMBERS]);
  fillChips("models", DATA.models);
  fillChips("statuses", levels("status", ROWS));
  document.getElementById("joint-label").hidden = !HAS_JOINT;
  for (const id of ["logx", "logy", "front", "joint"]) {
    const box = document.getElementById(id);
    box.addEventListener("change", () => {
      writeView({ [id]: box.checked ? "1" : "" });
      draw();
    });
  }
  const filter = document.getElementById("filter");
  let typing = 0;
  filter.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      writeView({ q: filter.value });
      limit = PAGE;
      draw();
    }, PAUSE_MS);
  });
  document.getElementById("controls").addEventListener("submit", (event) => event.preventDefault());
  document.getElementById("more").addEventListener("click", () => {
    limit += PAGE;
    drawTable();
  });
  addEventListener("hashchange", () => {
    view = readView();
    draw();
  });
  TWO_COLUMNS.addEventListener("change", drawScatter);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  drawHead();
  return draw();
}

start().then(() => document.body.classList.add("ready"));
