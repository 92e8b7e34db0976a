// The current code, class and sample, and who wants to know when they change.

import { call, latest, newest } from "./api.js";
import { byId, debounced } from "./elements.js";

// `original` is the real sample from which the code came, as long as the code is unchanged:
// { row, number, values, name, error }, with the place on the page and the number in the data. `numbers` are the
// numbers in the data of all rows on the page.
export const state = { model: null, code: [], label: null, sample: null, original: null, numbers: [] };

// Longest code that the address contains as text. A longer one is written as the bytes of 32-bit floats in base64url.
const MAX_TEXT = 64;
// Longest code in the address: about 33,000 characters. Browsers differ in what they keep of longer addresses.
const MAX_SAVED = 6144;

const listeners = { code: [], sample: [], label: [] };
const times = [];

export function on(event, listener) {
  listeners[event].push(listener);
}

// The actions that change the sample. The newest counts.
export const sampleActions = newest("sample");

// A row of a series is a window of a recording.
export const rowNoun = (row, ofSeries) => (state.model.form === "series" ? ofSeries : row);

function tell(event) {
  for (const listener of listeners[event]) listener();
}

// Returns the fields of a request with the class, for a model that takes one.
export const labelled = (fields) => (state.model.takes_labels ? { ...fields, label: state.label } : fields);

const decode = latest("decoder", async (code, label) => {
  const start = performance.now();
  const answer = await call("/api/decode", label === null ? { codes: [code] } : { codes: [code], label });
  state.sample = answer.samples[0];
  tell("sample");
  showTime(performance.now() - start);
});

export function setCode(code, original = null) {
  sampleActions.cancel();
  state.code = Array.from(code);
  state.original = original;
  tell("code");
  saveAddress();
  return decode(state.code, state.label);
}

export function setLabel(label) {
  if (!state.model.takes_labels || label === state.label) return;
  state.label = label;
  tell("label");
  return setCode(state.code);
}

// Starts from a real sample, given by its index on the page.
export function startFrom(row) {
  return sampleActions.run(() => call("/api/row", { rows: [row] }), (answer) => useRow(row, answer, 0));
}

// Shows what a fragment of the address describes.
export function restore(fragment) {
  const saved = readAddress(fragment, state.model, state.numbers);
  if (saved.row !== null) return startFrom(saved.row);
  const hasClass = saved.label !== null && saved.label !== state.label;
  if (!hasClass && saved.code === null) return undefined;
  if (hasClass) {
    state.label = saved.label;
    tell("label");
  }
  return setCode(saved.code ?? state.code);
}

export function useRow(row, answer, index) {
  if (answer.classes && answer.classes[index] !== state.label) {
    state.label = answer.classes[index];
    tell("label");
  }
  return setCode(answer.codes[index], {
    row,
    number: answer.numbers[index],
    values: answer.samples[index],
    name: answer.labels ? answer.labels[index] : null,
    error: answer.squared_error ? answer.squared_error[index] : null,
  });
}

// Shows the median time from the request to the picture, over the last 50 requests.
function showTime(milliseconds) {
  times.push(milliseconds);
  if (times.length > 50) times.shift();
  const sorted = [...times].sort((one, other) => one - other);
  const median = sorted[Math.floor(sorted.length / 2)];
  const timing = byId("timing");
  timing.textContent = `Decoded and drawn in ${median.toFixed(1)} ms (median of the last ${times.length}).`;
  timing.dataset.median = median;
}

// The fragment of the address contains the code, so that a reload or a bookmark shows the same sample.
const saveAddress = debounced(() => {
  const parts = [];
  if (state.original) parts.push(`row=${state.original.number}`);
  else if (state.code.length <= MAX_TEXT) {
    parts.push(`code=${state.code.map((value) => Number(value.toPrecision(7))).join(",")}`);
  } else if (state.code.length <= MAX_SAVED) parts.push(`floats=${toText(state.code)}`);
  if (state.label !== null) parts.push(`label=${encodeURIComponent(state.label)}`);
  history.replaceState(null, "", `#${parts.join("&")}`);
}, 300);

// Writes numbers as the bytes of 32-bit floats, lowest byte first, in base64url.
export function toText(code) {
  const bytes = new DataView(new ArrayBuffer(4 * code.length));
  code.forEach((value, index) => bytes.setFloat32(4 * index, value, true));
  let binary = "";
  for (let index = 0; index < bytes.byteLength; index += 1) binary += String.fromCharCode(bytes.getUint8(index));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

// Reads what `toText` wrote. Throws an error for other text.
function fromText(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = new DataView(Uint8Array.from(binary, (byte) => byte.charCodeAt(0)).buffer);
  return Array.from({ length: Math.floor(bytes.byteLength / 4) }, (_, index) => bytes.getFloat32(4 * index, true));
}

// Returns what `read` returns, or null if the text is not what it reads.
function orNull(read) {
  try {
    return read();
  } catch {
    return null;
  }
}

// Returns the state in the fragment of the address: code, label and row, each null if it is missing or wrong. The row
// is a place in `numbers`, the numbers in the data of the rows on the page.
export function readAddress(fragment, model, numbers) {
  const fields = new Map(fragment.replace(/^#/, "").split("&").map((pair) => pair.split("=", 2)));
  const floats = fields.get("floats");
  const code = floats === undefined
    ? (fields.get("code") ?? "").split(",").map((text) => (text === "" ? NaN : Number(text)))
    : orNull(() => fromText(floats)) ?? [];
  const isCode = code.length === model.latent_dim && code.every(Number.isFinite);
  const number = fields.get("row") ?? "";
  const row = /^[0-9]+$/.test(number) ? numbers.indexOf(Number(number)) : -1;
  const label = orNull(() => decodeURIComponent(fields.get("label") ?? ""));
  return {
    code: isCode ? code : null,
    label: model.classes.includes(label) ? label : null,
    row: row >= 0 ? row : null,
  };
}
