// Real samples to start from.

import { call, newest } from "./api.js";
import { byId, element } from "./elements.js";
import { drawSmallLines } from "./lines.js";
import { drawImage } from "./picture.js";
import { rowNoun, state, useRow } from "./state.js";

const COUNT = 12;
// Size of a small plot, in pixels of the page.
const WIDTH = 80;
const HEIGHT = 64;

// Returns different random numbers below `end`, the same ones for the same seed (xorshift).
function chooseRows(count, end, seed) {
  let random = (seed + 1) * 2654435761;
  const chosen = new Set();
  while (chosen.size < Math.min(count, end)) {
    random ^= random << 13;
    random ^= random >>> 17;
    random ^= random << 5;
    chosen.add((random >>> 0) % end);
  }
  return [...chosen];
}

export function startSamples() {
  if (state.model.rows === 0) return null;
  let seed = 0;
  const actions = newest("samples");
  byId("other-samples").addEventListener("click", () => {
    seed += 1;
    show();
  });

  async function show() {
    const rows = chooseRows(Math.min(COUNT, state.model.max_rows), state.model.rows, seed);
    const shown = await actions.run(() => call("/api/row", { rows }), (answer) => {
      byId("thumbnails").replaceChildren(...rows.map((row, index) => thumbnail(row, answer, index)));
      return { rows, answer };
    });
    return shown ?? null;
  }

  return show();
}

function thumbnail(row, answer, index) {
  const name = answer.labels ? `, class ${answer.labels[index]}` : "";
  const text = `${rowNoun("Row", "Window")} ${answer.numbers[index]}${name}`;
  const created = element("button", { type: "button", title: text });
  if (state.model.form === "table") {
    created.textContent = text;
  } else {
    const className = state.model.form === "image" ? "pixels" : "sharp";
    const canvas = element("canvas", { className, "aria-hidden": "true" });
    if (state.model.form === "image") drawImage(canvas, answer.samples[index]);
    else drawSmallLines(canvas, state.model, answer.samples[index], WIDTH, HEIGHT);
    const caption = answer.labels ? answer.labels[index] : answer.numbers[index];
    created.append(canvas, element("span", { textContent: caption }));
    created.setAttribute("aria-label", text);
  }
  created.addEventListener("click", () => useRow(row, answer, index));
  return created;
}
