// A slider for each latent number.

import { byId, button, columnFormat, element, oncePerFrame } from "./elements.js";
import { on, setCode, state } from "./state.js";

// Largest number of sliders that are always visible.
const VISIBLE = 32;
// Range of a slider, in standard deviations from the mean.
const RANGE = 4;

export function startSliders() {
  const { latent_dim: latent, order, spread } = state.model;
  const isMany = latent > VISIBLE;
  const shown = isMany ? order.slice(0, VISIBLE) : Array.from({ length: latent }, (_, dimension) => dimension);
  const sliders = new Map();
  const format = columnFormat(spread.map(([mean, deviation]) => Math.abs(mean) + RANGE * deviation));
  for (const dimension of shown) byId("sliders").append(slider(dimension));
  if (isMany) startMore(order.slice(VISIBLE));

  // The others are created when they are opened: there may be thousands.
  function startMore(others) {
    const more = byId("more-sliders");
    more.hidden = false;
    more.querySelector("summary").textContent = `The ${others.length} latent numbers that change the samples less`;
    more.addEventListener("toggle", () => more.lastChild.append(...others.map(slider)), { once: true });
  }

  function slider(dimension) {
    const [mean, deviation] = spread[dimension];
    const name = `z${dimension}`;
    const input = element("input", {
      type: "range",
      min: mean - RANGE * deviation,
      max: mean + RANGE * deviation,
      step: "any",
      "aria-label": `Latent number ${name}`,
    });
    const value = element("output", {});
    const reset = () => change(dimension, mean);
    input.addEventListener("input", () => change(dimension, Number(input.value)));
    input.addEventListener("dblclick", reset);
    // A step of `any` gives the arrow keys no useful step.
    input.addEventListener("keydown", (event) => {
      const sign = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1 }[event.key];
      if (sign === undefined) return;
      event.preventDefault();
      change(dimension, state.code[dimension] + sign * deviation * (event.shiftKey ? 0.5 : 0.1));
    });
    sliders.set(dimension, { input, value });
    update(dimension);
    return element("label", { className: "slider" }, element("span", { textContent: name }), input, value,
      button("Reset", reset, { "aria-label": `Reset ${name} to its mean`, title: "Reset to the mean" }));
  }

  function change(dimension, to) {
    const code = [...state.code];
    code[dimension] = to;
    setCode(code);
  }

  function update(dimension) {
    const { input, value } = sliders.get(dimension);
    const current = state.code[dimension] ?? spread[dimension][0];
    // A code of a sample may be outside of the range.
    input.min = Math.min(Number(input.min), current);
    input.max = Math.max(Number(input.max), current);
    input.value = current;
    value.textContent = format(current);
  }

  on("code", oncePerFrame(() => sliders.forEach((_, dimension) => update(dimension))));
  byId("reset-all").addEventListener("click", () => setCode(spread.map(([mean]) => mean)));
}
