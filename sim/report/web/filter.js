// The filter's language: words, and terms such as `energy <= 1 mJ`, by a column's name or title.

const SIGNS = "<=|>=|!=|==|=|<|>";
const TERM = new RegExp(`^(.+?)(${SIGNS})(.*)$`);
const NUMBER = /^([+-]?(?:\d[\d_,]*\.?\d*|\.\d+)(?:e[+-]?\d+)?)\s*(\S*)$/i;
const COMPARE = {
  "<=": (a, b) => a <= b, ">=": (a, b) => a >= b, "<": (a, b) => a < b, ">": (a, b) => a > b,
  "=": (a, b) => a === b, "==": (a, b) => a === b, "!=": (a, b) => a !== b,
};
// What is typed may be called like something that every object has.
[DATA.names, ...Object.values(DATA.units)].forEach((table) => Object.setPrototypeOf(table, null));
const MOST_NEAR = 3; // names that are offered for an unknown one

/** What is compared of a name, as column_names.py does. */
const plain = (text) => text.replace(/\([^)]*\)|[\s_-]/g, "").toLowerCase();

/** Terms of what was typed: {text, keeps: row => boolean}, or {text, problem} for one that means
 *  nothing and so hides nothing. */
function termsOf(typed) {
  const words = typed.replace(new RegExp(`\\s*(${SIGNS})\\s*`, "g"), "$1").split(/\s+/).filter(Boolean);
  const terms = [];
  for (let i = 0; i < words.length; i += 1) {
    const [, name, sign, wanted] = TERM.exec(words[i]) ?? [];
    if (!name) {
      terms.push({ text: words[i], keeps: holdsWord(words[i].toLowerCase()), isWord: true });
      continue;
    }
    const title = titleBefore(name, terms);
    const unit = unitAfter(DATA.names[plain(title)], wanted, words[i + 1]);
    if (unit) i += 1;
    terms.push(comparison(title, sign, unit ? `${wanted} ${unit}` : wanted));
  }
  return terms;
}

/** A title's last word with the words before it, as many as make the title of a column; they are
 *  taken away from `terms`. */
function titleBefore(name, terms) {
  for (let first = 0; first < terms.length; first += 1) {
    const before = terms.slice(first);
    const title = [...before.map((term) => term.text), name].join(" ");
    if (before.every((term) => term.isWord) && DATA.names[plain(title)]) {
      terms.splice(first);
      return title;
    }
  }
  return name;
}

/** The next word where it is the unit of the number before it. */
function unitAfter(column, wanted, next) {
  const units = column && DATA.units[COLUMNS[column].unit];
  return next && units && next in units && NUMBER.exec(wanted)?.[2] === "" ? next : "";
}

function comparison(title, sign, wanted) {
  const text = `${title}${sign}${wanted}`;
  const name = DATA.names[plain(title)];
  const wrong = (problem) => ({ text, problem });
  if (!name) {
    const near = nearNames(title);
    return wrong(`no column “${title}”${near.length ? `; is it ${near.join(" or ")}?` : ""}`);
  }
  const compare = COMPARE[sign];
  const keeps = (number) => (row) => {
    const item = value(name, row);
    return item !== null && compare(item, number);
  };
  if (!isNumeric(name)) {
    if (/[<>]/.test(sign)) return wrong(`${title} holds words; write = or !=`);
    return { text, keeps: keeps(wanted) };
  }
  const [, digits, unit] = NUMBER.exec(wanted) ?? [];
  if (digits === undefined) return wrong(`“${wanted}” is no number`);
  const factor = DATA.units[COLUMNS[name].unit][unit];
  if (factor === undefined) {
    const known = Object.keys(DATA.units[COLUMNS[name].unit]).filter(Boolean).join(", ");
    return wrong(`${unit} is no unit of ${title}; there are ${known}`);
  }
  return { text, keeps: keeps(scaled(digits.replace(/[_,]/g, ""), factor)) };
}

/** By a power of ten as another exponent: 400 times 1e-6 is less than 0.0004 in floating point. */
function scaled(digits, factor) {
  const power = Math.round(Math.log10(factor));
  if (Number(`1e${power}`) !== factor) return Number(digits) * factor;
  const [mantissa, exponent = "0"] = digits.toLowerCase().split("e");
  return Number(`${mantissa}e${Number(exponent) + power}`);
}

const holdsWord = (word) => (row) => DATA.columns.some((column) =>
  String(value(column.name, row) ?? "").toLowerCase().includes(word));

/** Titles of columns whose names take few changes to be this one, the likeliest first. */
function nearNames(title) {
  const wanted = plain(title);
  const found = Object.keys(DATA.names).map((name) => [changes(wanted, name) / Math.max(name.length,
    wanted.length), DATA.names[name]]).filter(([far]) => far <= 0.5).sort((a, b) => a[0] - b[0]);
  return [...new Set(found.map(([, name]) => COLUMNS[name].label))].slice(0, MOST_NEAR);
}

/** Letters to put in, take out or replace to make one word of another (Levenshtein's distance). */
function changes(from, to) {
  let row = Array.from({ length: to.length + 1 }, (_, i) => i);
  [...from].forEach((letter, i) => {
    const next = [i + 1];
    for (let j = 0; j < to.length; j += 1) {
      next.push(Math.min(row[j + 1] + 1, next[j] + 1, row[j] + (letter !== to[j])));
    }
    row = next;
  });
  return row.at(-1);
}
