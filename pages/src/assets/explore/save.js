// Downloads of what a view shows, made in the browser.

import { cellText, isNumber } from "./cells.js";
import { state } from "./state.js";
import { color } from "./elements.js";

// Smallest width of a downloaded image, in pixels.
const IMAGE_WIDTH = 512;

function download(view, blob, ending) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = `${state.model.name}-${view.name}.${ending}`;
  link.click();
  // The browser reads the blob after this call returns.
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

// Images are magnified by a whole factor. Plots get the background of the page.
export function savePng(view) {
  if (view.values === null) return;
  const { canvas } = view;
  const isImage = state.model.form === "image";
  const factor = isImage ? Math.max(1, Math.ceil(IMAGE_WIDTH / canvas.width)) : 1;
  const copy = document.createElement("canvas");
  copy.width = canvas.width * factor;
  copy.height = canvas.height * factor;
  const context = copy.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.fillStyle = color("--paper");
  context.fillRect(0, 0, copy.width, copy.height);
  context.drawImage(canvas, 0, 0, copy.width, copy.height);
  copy.toBlob((blob) => download(view, blob, "png"), "image/png");
}

// A series has one line per time step, and other samples have one line.
export function csv(model, values) {
  const cell = (text) => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  if (model.form === "series") {
    const channels = model.shape.length === 2 ? model.shape[0] : 1;
    const length = values.length / channels;
    const names = model.columns ?? Array.from({ length: channels }, (_, channel) => `x${channel}`);
    const lines = Array.from({ length }, (_, step) =>
      Array.from({ length: channels }, (_, channel) => values[channel * length + step]).join(","));
    return [names.slice(0, channels).map(cell).join(","), ...lines, ""].join("\r\n");
  }
  const hasNames = model.columns && model.columns.length === values.length;
  const names = hasNames ? model.columns : values.map((_, index) => `x${index}`);
  const text = (value, index) =>
    isNumber(model, index) ? String(value ?? "") : value === null ? "" : cell(cellText(model, index, value));
  return [names.map(cell).join(","), values.map(text).join(","), ""].join("\r\n");
}

export function saveCsv(view) {
  if (view.values === null) return;
  download(view, new Blob([csv(state.model, view.values)], { type: "text/csv" }), "csv");
}

export function saveJson(view) {
  if (view.values === null) return;
  const { name, kind, shape, columns } = state.model;
  const content = { model: name, kind, shape, columns, label: state.label, code: view.code, sample: view.values };
  download(view, new Blob([`${JSON.stringify(content, null, 2)}\n`], { type: "application/json" }), "json");
}
