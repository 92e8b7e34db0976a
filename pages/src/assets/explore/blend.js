// The way from one sample to another: a slider between A and B.

import { call, latest } from "./api.js";
import { byId } from "./elements.js";
import { View } from "./picture.js";
import { labelled, on, setCode, state } from "./state.js";

// Largest number of samples on the way.
const STEPS = 51;

// `first` contains two real samples: `rows` and `answer` of `/api/row`.
export function startBlend(first) {
  if (byId("blend-seen") === null) return;
  const views = {
    from: new View(byId("blend-from"), "blend-a", "A"),
    seen: new View(byId("blend-seen"), "blend", "Between A and B"),
    to: new View(byId("blend-to"), "blend-b", "B"),
  };
  const slider = byId("blend-position");
  const path = byId("blend-path");
  const codes = { from: [...state.code], to: [...state.code] };
  if (first !== null && first.rows.length > 0) {
    const { labels } = first.answer;
    const other = labels ? labels.findIndex((label) => label !== labels[0]) : 1;
    codes.from = first.answer.codes[0];
    codes.to = first.answer.codes[Math.max(other, 0)] ?? codes.from;
  }
  let way = null;

  const update = latest("blend", async () => {
    const steps = Math.min(STEPS, state.model.max_rows);
    way = await call("/api/blend", labelled({ ...codes, steps, interpolation: path.value }));
    const last = way.samples.length - 1;
    views.from.show(way.samples[0], { code: way.codes[0] });
    views.to.show(way.samples[last], { code: way.codes[last] });
    show(false);
  });

  // Shows the sample at the slider. If the user moved it, the code above follows.
  function show(isMoved) {
    if (way === null) return;
    const index = Math.round(Number(slider.value) * (way.samples.length - 1));
    views.seen.show(way.samples[index], { code: way.codes[index] });
    const percent = Math.round((100 * index) / (way.samples.length - 1));
    slider.setAttribute("aria-valuetext", `${percent} % B`);
    const name = state.label === null ? "" : `, all decoded as class ${state.label}`;
    byId("about-blend").textContent = `${100 - percent} % A, ${percent} % B, in ${way.samples.length} steps${name}.`;
    if (isMoved) setCode(way.codes[index]);
  }

  slider.addEventListener("input", () => show(true));
  slider.addEventListener("keydown", (event) => {
    const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
    if (sign === undefined || way === null) return;
    event.preventDefault();
    slider.value = Number(slider.value) + sign / (way.samples.length - 1);
    show(true);
  });
  path.addEventListener("change", update);
  byId("set-from").addEventListener("click", () => { codes.from = [...state.code]; update(); });
  byId("set-to").addEventListener("click", () => { codes.to = [...state.code]; update(); });
  on("label", update);
  update();
}
