// A canvas to draw an image on, with its reconstruction and its anomaly score.

import { call, latest } from "./api.js";
import { byId, button, debounced, element } from "./elements.js";
import { drawImage, saveButtons, View } from "./picture.js";
import { describeScore } from "./score.js";
import { labelled, on, setCode, state } from "./state.js";

// Width of the drawing on the page, in pixels.
const WIDTH = 280;

export function startDrawing() {
  if (byId("drawing") === null) return;
  const { shape: [height, width, channels = 1], range: [low, high] } = state.model;
  const canvas = byId("drawing");
  const tools = byId("draw-tools");
  const reconstruction = new View(byId("drawn"), "drawing", "Reconstruction");
  const values = new Array(height * width * channels).fill(low);
  const cursor = { x: Math.floor(width / 2), y: Math.floor(height / 2), isVisible: false };
  let code = null;
  let last = null;

  const size = element("input", { type: "range", min: 0.5, max: 4, step: 0.25, value: Math.max(0.75, width / 22) });
  const ink = channels === 1
    ? element("input", { type: "range", min: low, max: high, step: "any", value: high })
    : element("input", { type: "color", value: "#ffffff" });
  tools.append(
    element("label", {}, "Brush ", size),
    element("label", {}, channels === 1 ? "Brightness " : "Color ", ink),
    button("Clear", () => { values.fill(low); update(); }),
    button("Fill", () => { fill(); update(); }),
    button("Start from the current sample", () => { load(state.original?.values ?? state.sample); update(); }),
    button("Use its code above", () => { if (code !== null) setCode(code); }),
  );

  // Returns the values of the chosen ink, one for each channel.
  function inkValues() {
    if (channels === 1) return [Number(ink.value)];
    return [1, 3, 5].map((start) => low + ((high - low) * parseInt(ink.value.slice(start, start + 2), 16)) / 255);
  }

  function fill() {
    const colors = inkValues();
    values.forEach((_, index) => { values[index] = colors[index % channels]; });
  }

  function load(sample) {
    sample?.forEach((value, index) => { values[index] = Math.min(high, Math.max(low, value)); });
  }

  // Paints a round spot with a soft edge, centered at a place in pixels of the image.
  function paint(centerX, centerY, colors) {
    const radius = Number(size.value);
    const first = (center) => Math.max(0, Math.floor(center - radius - 1));
    const end = (center, length) => Math.min(length - 1, center + radius + 1);
    for (let y = first(centerY); y <= end(centerY, height); y += 1) {
      for (let x = first(centerX); x <= end(centerX, width); x += 1) {
        const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x + 0.5 - centerX, y + 0.5 - centerY)));
        colors.forEach((color, channel) => {
          const index = (y * width + x) * channels + channel;
          values[index] += cover * (color - values[index]);
        });
      }
    }
  }

  // Paints a line, so that fast movements leave no gaps.
  function stroke(from, to) {
    const steps = Math.max(1, Math.ceil(2 * Math.hypot(to[0] - from[0], to[1] - from[1])));
    for (let step = 1; step <= steps; step += 1) {
      const part = step / steps;
      paint(from[0] + part * (to[0] - from[0]), from[1] + part * (to[1] - from[1]), inkValues());
    }
  }

  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * width, ((event.clientY - box.top) / box.height) * height];
  };

  canvas.addEventListener("pointerdown", (event) => {
    // The left button, a finger or a pen.
    if (event.button !== 0 || !event.isPrimary) return;
    canvas.setPointerCapture(event.pointerId);
    last = place(event);
    cursor.isVisible = false;
    paint(...last, inkValues());
    update();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (last === null || !event.isPrimary) return;
    const next = place(event);
    stroke(last, next);
    last = next;
    update();
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { last = null; });
  canvas.addEventListener("keydown", (event) => {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (direction) {
      cursor.x = Math.min(width - 1, Math.max(0, cursor.x + direction[0]));
      cursor.y = Math.min(height - 1, Math.max(0, cursor.y + direction[1]));
    } else if (event.key === " ") {
      paint(cursor.x + 0.5, cursor.y + 0.5, inkValues());
    } else if (event.key === "Backspace" || event.key === "Delete") {
      paint(cursor.x + 0.5, cursor.y + 0.5, new Array(channels).fill(low));
    } else {
      return;
    }
    event.preventDefault();
    cursor.isVisible = true;
    canvas.setAttribute("aria-label", `Drawing, cursor in row ${cursor.y}, column ${cursor.x}`);
    update();
  });
  canvas.addEventListener("blur", () => { cursor.isVisible = false; show(); });

  function show() {
    drawImage(canvas, values);
    if (!cursor.isVisible) return;
    const context = canvas.getContext("2d");
    context.fillStyle = "rgb(230 80 0 / 60%)";
    context.fillRect(cursor.x, cursor.y, 1, 1);
  }

  // The score is announced only when the drawing rests.
  const announce = debounced((text) => { byId("about-drawing").textContent = text; }, 300);

  const ask = latest("drawing", async (drawing) => {
    const fields = labelled({ samples: [drawing] });
    const answer = await call("/api/reconstruct", fields);
    [code] = answer.codes;
    reconstruction.show(answer.samples[0], { code });
    if (drawing.every((value) => value === low)) {
      announce("Draw something to see its anomaly score.");
      return;
    }
    const score = await call("/api/score", fields);
    announce(describeScore(score.squared_error[0], score.part_below?.[0] ?? null));
  });

  function update() {
    show();
    ask([...values]);
  }

  canvas.style.width = `${WIDTH}px`;
  const saved = {
    name: "drawn",
    values,
    get code() { return code; },
    // Without the cursor.
    get canvas() { drawImage(canvas, values); return canvas; },
  };
  canvas.closest("figure").append(saveButtons(saved, "Drawing"));
  on("label", update);
  update();
}
