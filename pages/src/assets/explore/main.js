// Starts the page: asks for the model and the rows, then starts the parts.

import { call } from "./api.js";
import { startBlend } from "./blend.js";
import { startClasses, startRandom } from "./classes.js";
import { startDrawing } from "./draw.js";
import { byId, short, showProblem } from "./elements.js";
import { startNoise } from "./noise.js";
import { isImage, View } from "./picture.js";
import { startPlane } from "./plane.js";
import { startSamples } from "./samples.js";
import { startSliders } from "./sliders.js";
import { on, readAddress, restore, rowNoun, setCode, startFrom, state } from "./state.js";

// The cookie has the token from now on, so that it need not stand in the address, the history and in bookmarks.
history.replaceState(null, "", location.pathname + location.hash);

async function start() {
  const [model, points] = await Promise.all([call("/api/model"), call("/api/rows")]);
  state.model = model;
  document.body.dataset.form = model.form;
  state.numbers = points.numbers;
  const saved = readAddress(location.hash, model, state.numbers);
  if (model.takes_labels) state.label = saved.label ?? model.classes[0];
  state.code = saved.code ?? model.spread.map(([mean]) => mean);

  startClasses();
  startRandom();
  const drawPlane = startPlane(points);
  startSliders();
  const seen = new View(byId("seen"), "sample", "Decoded sample");
  // The original of an image is beside it; those of series and rows are in the same plot.
  const original = isImage() ? new View(byId("original"), "original", "Original") : null;
  on("sample", () => showSeen(seen, original));
  drawPlane();
  if (saved.row !== null) await startFrom(saved.row);
  else await setCode(state.code);

  startNoise();
  startDrawing();
  startBlend(await startSamples());
  showCommands();
  window.addEventListener("hashchange", () => restore(location.hash));
  document.body.dataset.ready = "yes";
}

function showSeen(view, originalView) {
  const { original, sample, code } = state;
  view.show(sample, { code, original: original?.values ?? null });
  byId("original").hidden = original === null || originalView === null;
  if (original !== null) originalView?.show(original.values);
  if (original === null) {
    byId("about-seen").textContent = "";
    return;
  }
  const name = original.name === null ? "" : `, class ${original.name}`;
  const error = original.error === null ? "" : ` ${errorText(original.error)}`;
  byId("about-seen").textContent = `Reconstruction of ${rowNoun("row", "window")} ${original.number}${name}.${error}`;
}

// Describes the error of a row.
function errorText(error) {
  if (state.model.cells.length === 0) return `Squared error ${short(error)}, in scaled units.`;
  return state.model.is_variational
    ? `Negative log-likelihood ${short(error)} nats.`
    : `Error ${short(error)}, where a constant has 1 for each column.`;
}

// Commands for programs. The page does not keep the token, so it does not show it.
function showCommands() {
  const ask = `curl -s -H "x-narrows-token: TOKEN" ${location.origin}`;
  const post = state.model.rows > 0 ? `\n${ask}/api/row -d '{"rows": [0]}'` : "";
  byId("commands").textContent = `${ask}/api/model${post}`;
}

start().catch((error) => {
  showProblem("start", error);
  document.body.dataset.ready = "failed";
});
