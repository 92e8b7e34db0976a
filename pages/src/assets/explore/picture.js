// Draws samples: images as pixels, series as lines, and rows of tables as bars.

import { drawBars } from "./bars.js";
import { cellText, isNumber } from "./cells.js";
import { button, columnFormat, element, onRestyle, short } from "./elements.js";
import { drawLines } from "./lines.js";
import { saveCsv, saveJson, savePng } from "./save.js";
import { state } from "./state.js";

// Number of columns of a mixed table that are described for those who do not see them.
const SUMMARY_COLUMNS = 12;

export const isImage = () => state.model.form === "image";

// Draws an image into a canvas with one pixel for each of its own.
export function drawImage(canvas, values) {
  const { shape, range: [low, high] } = state.model;
  const [height, width, channels = 1] = shape;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  const image = context.createImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const value = values[pixel * channels + Math.min(channel, channels - 1)];
      image.data[4 * pixel + channel] = Math.round((255 * (value - low)) / (high - low));
    }
    image.data[4 * pixel + 3] = 255;
  }
  context.putImageData(image, 0, 0);
}

// Draws any sample into a canvas of a width in pixels of the page. `original` is drawn behind series and rows.
export function draw(canvas, values, original, width) {
  switch (state.model.form) {
    case "image":
      drawImage(canvas, values);
      return;
    case "series":
      drawLines(canvas, state.model, values, original, width);
      return;
    default:
      drawBars(canvas, state.model, values, original, width);
  }
}

// Buttons that download what a view shows.
export const saveButtons = (view, caption) => element(
  "span",
  { className: "row save" },
  button("PNG", () => savePng(view), { "aria-label": `Download ${caption} as PNG` }),
  button("CSV", () => saveCsv(view), { "aria-label": `Download ${caption} as CSV` }),
  button("JSON", () => saveJson(view), { "aria-label": `Download ${caption} as JSON` }),
);

// A picture with a caption, its values as a table, and buttons to download it.
export class View {
  constructor(container, name, caption) {
    this.name = name;
    this.values = null;
    this.original = null;
    this.code = null;
    this.canvas = element("canvas", { role: "img", className: isImage() ? "pixels" : "sharp" });
    this.caption = element("figcaption", { textContent: caption });
    this.table = element("details", { className: "values" }, element("summary", { textContent: "Values" }));
    this.table.addEventListener("toggle", () => this.fillTable());
    this.box = element("div", { className: state.model.form === "table" ? "tall" : "" }, this.canvas);
    this.figure = element(
      "figure", { className: "view" }, this.box, this.caption, saveButtons(this, caption), this.table,
    );
    container.replaceChildren(this.figure);
    onRestyle(() => this.redraw());
  }

  show(values, { original = null, code = null, caption = null } = {}) {
    this.values = values;
    this.original = original;
    this.code = code;
    if (caption !== null) this.caption.textContent = caption;
    this.canvas.setAttribute("aria-label", `${this.caption.textContent}: ${summary(values)}`);
    this.redraw();
    if (this.table.open) this.fillTable();
  }

  redraw() {
    if (this.values === null) return;
    // Asking for the width makes the browser lay out the page, and images do not need it.
    const width = isImage() ? 0 : this.figure.clientWidth || 300;
    draw(this.canvas, this.values, this.original, width);
  }

  fillTable() {
    if (!this.table.open || this.values === null) return;
    const name = columnName(state.model);
    // The columns of a table have different units.
    const shared = columnFormat(this.values.filter((value) => value !== null));
    const text = (value, index) => {
      if (!isNumber(state.model, index)) return cellText(state.model, index, value);
      if (value === null) return "missing";
      const limits = state.model.form === "table" ? state.model.limits[index] : undefined;
      return (limits ? columnFormat(limits) : shared)(value);
    };
    const rows = this.values.map((value, index) =>
      element("tr", {},
        element("td", { textContent: name(index) }),
        element("td", { textContent: text(value, index) })));
    const table = element("table", {}, element("tbody", {}, ...rows));
    this.table.replaceChildren(this.table.firstChild, element("div", { className: "tall" }, table));
  }
}

// Describes a sample for those who do not see it.
function summary(values) {
  if (state.model.cells.length > 0) {
    const name = columnName(state.model);
    const text = (value, index) => {
      if (!isNumber(state.model, index)) return `${name(index)} ${cellText(state.model, index, value)}`;
      return `${name(index)} ${value === null ? "missing" : short(value)}`;
    };
    return values.slice(0, SUMMARY_COLUMNS).map(text).join(", ");
  }
  let low = Infinity;
  let high = -Infinity;
  let sum = 0;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
    sum += value;
  }
  return `${values.length} values from ${short(low)} to ${short(high)}, mean ${short(sum / values.length)}`;
}

// Returns a function from the index of a value to its name.
function columnName(model) {
  const { shape, columns, form } = model;
  if (form === "image") {
    const [, width, channels = 1] = shape;
    return (index) => {
      const pixel = Math.floor(index / channels);
      const channel = channels > 1 ? `, ${"rgb"[index % channels]}` : "";
      return `row ${Math.floor(pixel / width)}, column ${pixel % width}${channel}`;
    };
  }
  if (form === "series" && shape.length === 2) {
    const names = columns ?? Array.from({ length: shape[0] }, (_, channel) => `channel ${channel}`);
    return (index) => `${names[Math.floor(index / shape[1])]}, step ${index % shape[1]}`;
  }
  if (columns && columns.length === shape[0]) return (index) => columns[index];
  return (index) => `${form === "series" ? "step " : "x"}${index}`;
}
