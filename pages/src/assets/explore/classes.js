// The class of a conditional model: a button for each, or a list if there are many. And samples from the prior.

import { call } from "./api.js";
import { byId, button, element } from "./elements.js";
import { labelled, on, sampleActions, setCode, setLabel, state } from "./state.js";

const MAX_BUTTONS = 30;

export function startClasses() {
  const { takes_labels: takesLabels, classes } = state.model;
  const group = byId("classes");
  if (!takesLabels) {
    group.hidden = true;
    return;
  }
  if (classes.length > MAX_BUTTONS) {
    const options = classes.map((name) => element("option", { value: name, textContent: name }));
    const select = element("select", {}, ...options);
    select.addEventListener("change", () => setLabel(select.value));
    on("label", () => { select.value = state.label; });
    select.value = state.label;
    group.append(element("label", {}, "Class ", select));
    return;
  }
  const buttons = classes.map((name) => button(name, () => setLabel(name)));
  const update = () =>
    buttons.forEach((one, index) => one.setAttribute("aria-pressed", classes[index] === state.label));
  group.append("Class ", ...buttons);
  on("label", update);
  update();
}

// A button that draws a code from the prior or the sampler, as `narrows generate` does.
export function startRandom() {
  const row = byId("random");
  if (!state.model.can_generate) {
    row.hidden = true;
    return;
  }
  const seed = element("input", { type: "number", min: 0, step: 1, value: 0, className: "short" });
  const temperature = element("input", { type: "number", min: 0, max: 100, step: 0.1, value: 1, className: "short" });
  let used = null;
  function generate() {
    used = seed.value;
    const fields = { count: 1, seed: Number(seed.value), temperature: Number(temperature.value) };
    return sampleActions.run(
      () => call("/api/generate", labelled(fields)),
      (answer) => setCode(answer.codes[0]),
    );
  }
  seed.addEventListener("change", generate);
  temperature.addEventListener("change", generate);
  const next = button("Random sample", () => {
    // The first sample is that of the seed in the field.
    if (seed.value === used) seed.value = Number(seed.value) + 1;
    generate();
  });
  row.append(next, element("label", {}, "Seed ", seed), element("label", {}, "Temperature ", temperature));
}
