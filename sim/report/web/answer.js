// The sweep's answer: the design to take, why, and the joint front as a table of designs.

const SHOWN_FIRST = 10; // designs before the rest is asked for

function drawAnswer() {
  const { recommended, missed, limits } = DATA.answer;
  const node = document.getElementById("answer");
  if (missed) {
    node.append(element("p", `No design keeps ${limits.join(" and ")}: ${missed}.`, "bad"));
  }
  if (!recommended) return;
  const text = element("p");
  text.append(element("b", `★ Recommended: ${recommended.name}`, "good"),
    `: ${recommended.figures}. Why: ${recommended.why}.`);
  const command = element("p", "In RTL: ", "command");
  command.append(element("code", recommended.command));
  node.append(text, command);
  if (HAS_JOINT) node.append(jointTable());
}

/** The joint front, a row a design; a row that is clicked becomes the filter. */
function jointTable() {
  const { fields, designs, described } = DATA.answer;
  const box = element("details");
  box.open = designs.length <= SHOWN_FIRST;
  box.append(element("summary", `Joint front: ${counted(designs.length, "design")}, ${described}`));
  const varying = fields.map((name, i) => [name, i])
    .filter(([, i]) => new Set(designs.map((design) => design.fields[i])).size > 1);
  const heads = ["", ...varying.map(([name]) => name),
    ...DATA.objectives.map((name) => label(name))].map((text) => element("th", text));
  const head = element("thead");
  head.append(rowOf(heads));
  const body = element("tbody");
  body.append(...designs.map((design) => designRow(design, varying)));
  const table = element("table");
  table.append(head, body);
  const scroll = element("div", "", "scroll");
  scroll.append(table);
  box.append(scroll);
  return box;
}

function designRow(design, varying) {
  const row = rowOf([element("td", design.recommended ? "★" : ""),
    ...varying.map(([name, i]) => element("td", shown(name, design.fields[i]))),
    ...design.scores.map((score, i) => element("td", shown(DATA.objectives[i], score)))]);
  row.classList.toggle("recommended", design.recommended);
  row.title = "Show the points of this design";
  const terms = DATA.answer.fields.map((name, i) => [name, design.fields[i]])
    .filter(([, item]) => item !== null).map(([name, item]) => `${name}=${item}`);
  row.addEventListener("click", () => {
    writeView({ q: terms.join(" ") });
    draw();
  });
  return row;
}
