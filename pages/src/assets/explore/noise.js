// Adds noise to the current sample, and shows what the model makes of it.

import { call, latest } from "./api.js";
import { byId, debounced, short } from "./elements.js";
import { View } from "./picture.js";
import { labelled, on, state } from "./state.js";

export function startNoise() {
  if (byId("noise-kind") === null) return;
  const kind = byId("noise-kind");
  const amount = byId("noise-amount");
  const views = {
    clean: new View(byId("noise-clean"), "clean", "Without noise"),
    noisy: new View(byId("noise-noisy"), "noisy", "With noise"),
    cleaned: new View(byId("noise-cleaned"), "cleaned", "Cleaned by the model"),
  };
  let seed = 0;

  const update = latest("noise", async () => {
    const clean = state.original ? state.original.values : state.sample;
    if (clean === null) return;
    const noise = `${kind.value}:${amount.value}`;
    byId("noise-text").textContent = noise;
    const { samples: [noisy] } = await call("/api/corrupt", { samples: [clean], noise, seed });
    const { samples: [cleaned], codes: [code] } = await call("/api/reconstruct", labelled({ samples: [noisy] }));
    views.clean.show(clean, { caption: state.original ? "Real sample" : "Decoded sample" });
    views.noisy.show(noisy, { original: clean });
    views.cleaned.show(cleaned, { original: clean, code });
    const [before, after] = [error(clean, noisy), error(clean, cleaned)];
    byId("about-noise").textContent =
      `Mean squared error to the sample without noise, in scaled units: ${short(before)} with noise, `
      + `${short(after)} after the model.`;
  });

  kind.addEventListener("change", update);
  amount.addEventListener("input", update);
  byId("other-noise").addEventListener("click", () => { seed += 1; update(); });
  // While the user drags in the plane, only the decoder answers.
  on("sample", debounced(update, 200));
  update();
}

// Returns the mean squared difference in the unit of the network.
function error(one, other) {
  const { scale } = state.model.scaling;
  const sum = one.reduce((total, value, index) =>
    total + ((value - other[index]) / (scale.length === 1 ? scale[0] : scale[index])) ** 2, 0);
  return sum / one.length;
}
