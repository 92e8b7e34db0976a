// The plane in the latent space: points of the rows, and a mark for the current code, which can be dragged.

import { call, newest } from "./api.js";
import { byId, color, element, oncePerFrame, onRestyle, short, sized } from "./elements.js";
import { on, rowNoun, setCode, startFrom, state } from "./state.js";

const PADDING = { right: 8, top: 8, bottom: 30 };
const FONT = "12px system-ui, sans-serif";
// Height of the name of the vertical axis.
const AXIS_NAME = 18;
// Height of the plane of a model with one latent number.
const LINE_HEIGHT = 150;
const NEAR = 9;
// Part of the visible range by which an arrow key moves the code.
const STEP = 0.02;
// The colors of the page's style. The second ten classes have the same colors as squares, like those of the report.
const COLORS = 10;
const isSquare = (index) => Math.floor(index / COLORS) % 2 === 1;

export function startPlane(points) {
  const canvas = byId("plane");
  const layer = document.createElement("canvas");
  let { plane, names, colours } = points;
  let size = 0;
  let left = 0;
  let drag = null;

  const isLine = () => plane.up.every((value) => value === 0);

  const tall = () => (isLine() ? Math.min(size, LINE_HEIGHT) : size);

  // Pixels of a coordinate, and back.
  function scale() {
    const [[least, most], [bottom, top]] = plane.extent;
    const inner = { width: size - left - PADDING.right, height: tall() - PADDING.top - PADDING.bottom };
    return {
      x: (value) => left + (inner.width * (value - least)) / (most - least),
      y: (value) => PADDING.top + inner.height * (1 - (value - bottom) / (top - bottom)),
      xBack: (pixel) => least + ((most - least) * (pixel - left)) / inner.width,
      yBack: (pixel) => bottom + (top - bottom) * (1 - (pixel - PADDING.top) / inner.height),
    };
  }

  // Leaves as much space beside the plane as the numbers of the vertical axis need.
  function measure(context) {
    if (isLine()) {
      left = PADDING.right;
      return;
    }
    const widths = plane.extent[1].map((value) => context.measureText(short(value)).width);
    left = Math.ceil(AXIS_NAME + Math.max(...widths) + 6);
  }

  // The points of a single latent dimension are spread over the height.
  const height = (index) => (isLine() ? 0.8 * (((index * 0.618) % 1) * 2 - 1) : plane.points[index][1]);

  function position() {
    const along = (direction) =>
      direction.reduce((sum, value, index) => sum + value * (state.code[index] - plane.origin[index]), 0);
    return [along(plane.across), along(plane.up)];
  }

  // Moves the code within the plane, and leaves what is outside of the plane unchanged.
  function moveTo(x, y) {
    const [fromX, fromY] = position();
    const code = state.code.map((value, index) =>
      value + (x - fromX) * plane.across[index] + (isLine() ? 0 : (y - fromY) * plane.up[index]));
    setCode(code);
  }

  function drawPoints() {
    size = Math.max(240, Math.min(560, canvas.parentElement.clientWidth));
    const context = sized(layer, size, tall());
    context.font = FONT;
    measure(context);
    const { x, y } = scale();
    const [[least, most], [bottom, top]] = plane.extent;
    context.clearRect(0, 0, size, tall());
    context.strokeStyle = color("--line");
    context.strokeRect(x(least), y(top), x(most) - x(least), y(bottom) - y(top));
    context.fillStyle = color("--soft");
    context.textAlign = "left";
    context.fillText(short(least), x(least), tall() - 16);
    context.textAlign = "right";
    context.fillText(short(most), x(most), tall() - 16);
    context.textAlign = "center";
    context.fillText(plane.names[0], (x(least) + x(most)) / 2, tall() - 3);
    if (!isLine()) {
      context.textAlign = "right";
      context.fillText(short(top), left - 4, y(top) + 10);
      context.fillText(short(bottom), left - 4, y(bottom));
      context.save();
      context.translate(12, (y(top) + y(bottom)) / 2);
      context.rotate(-Math.PI / 2);
      context.textAlign = "center";
      context.fillText(plane.names[1], 0, 0);
      context.restore();
    }
    context.globalAlpha = 0.9;
    const radius = plane.points.length > 500 ? 2.5 : 4;
    const classColors = Array.from({ length: COLORS }, (_, index) => color(`--k${index}`));
    const accent = color("--accent");
    plane.points.forEach(([across], index) => {
      const [pointX, pointY] = [x(across), y(height(index))];
      context.fillStyle = colours ? classColors[colours[index] % COLORS] : accent;
      context.beginPath();
      if (colours && isSquare(colours[index])) {
        context.rect(pointX - radius, pointY - radius, 2 * radius, 2 * radius);
      } else {
        context.arc(pointX, pointY, radius, 0, 2 * Math.PI);
      }
      context.fill();
    });
  }

  function drawMark() {
    const context = sized(canvas, size, tall());
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(layer, 0, 0);
    context.restore();
    const { x, y } = scale();
    const [across, up] = position();
    const clip = (value, low, high) => Math.min(high, Math.max(low, value));
    const [markX, markY] = [
      clip(x(across), left, size - PADDING.right),
      clip(y(up), PADDING.top, tall() - PADDING.bottom),
    ];
    for (const [width, style] of [[5, color("--paper")], [2.5, color("--ink")]]) {
      context.strokeStyle = style;
      context.lineWidth = width;
      context.beginPath();
      context.arc(markX, markY, 9, 0, 2 * Math.PI);
      context.moveTo(markX - 14, markY);
      context.lineTo(markX + 14, markY);
      context.moveTo(markX, markY - 14);
      context.lineTo(markX, markY + 14);
      context.stroke();
    }
    const where = isLine() ? `${plane.names[0]} ${short(across)}` : `${short(across)}, ${short(up)}`;
    byId("place").textContent = `Place in the plane: ${where}.`;
  }

  // Returns the point nearest to a place in pixels, and its distance.
  function nearest(pixelX, pixelY) {
    const { x, y } = scale();
    let found = { index: null, distance: Infinity };
    plane.points.forEach(([across], index) => {
      const distance = Math.hypot(x(across) - pixelX, y(height(index)) - pixelY);
      if (distance < found.distance) found = { index, distance };
    });
    return found;
  }

  function pixels(event) {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  canvas.addEventListener("pointerdown", (event) => {
    // The left button, a finger or a pen.
    if (event.button !== 0 || !event.isPrimary) return;
    canvas.setPointerCapture(event.pointerId);
    drag = { start: pixels(event), hasMoved: false };
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!event.isPrimary) return;
    const [pixelX, pixelY] = pixels(event);
    if (drag === null) {
      showRow(nearest(pixelX, pixelY));
      return;
    }
    drag.hasMoved ||= Math.hypot(pixelX - drag.start[0], pixelY - drag.start[1]) > 3;
    const { xBack, yBack } = scale();
    if (drag.hasMoved) moveTo(xBack(pixelX), yBack(pixelY));
  });
  canvas.addEventListener("pointerup", (event) => {
    if (drag === null) return;
    const [pixelX, pixelY] = pixels(event);
    const { index, distance } = nearest(pixelX, pixelY);
    const { xBack, yBack } = scale();
    if (!drag.hasMoved && distance <= NEAR) startFrom(index);
    else moveTo(xBack(pixelX), yBack(pixelY));
    drag = null;
  });
  canvas.addEventListener("pointercancel", () => { drag = null; });
  canvas.addEventListener("keydown", (event) => {
    const directions = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    const direction = directions[event.key];
    const [across, up] = position();
    if (direction) {
      const step = STEP * (event.shiftKey ? 5 : 1);
      const [[left, right], [bottom, top]] = plane.extent;
      moveTo(across + direction[0] * step * (right - left), up + direction[1] * step * (top - bottom));
    } else if (event.key === "Enter" && plane.points.length > 0) {
      const { x, y } = scale();
      startFrom(nearest(x(across), y(up)).index);
    } else {
      return;
    }
    event.preventDefault();
  });

  // Names the row under the pointer.
  function showRow({ index, distance }) {
    const isNear = distance <= NEAR;
    canvas.style.cursor = isNear ? "pointer" : "crosshair";
    const name = isNear && colours ? `, class ${names[colours[index]]}` : "";
    canvas.title = isNear ? `${rowNoun("Row", "Window")} ${state.numbers[index]}${name}` : "";
  }

  function showLegend() {
    const items = (names ?? []).map((name, index) => {
      const dot = element("span", { className: "dot" });
      dot.style.background = `var(--k${index % COLORS})`;
      dot.classList.toggle("square", isSquare(index));
      return element("li", {}, dot, element("span", { className: "name", textContent: name, title: name }));
    });
    byId("legend").replaceChildren(...items);
  }

  function redraw() {
    drawPoints();
    drawMark();
  }

  function replace(answer) {
    ({ plane, names, colours } = answer);
    redraw();
  }

  startAxes(points, replace);
  showLegend();
  on("code", oncePerFrame(() => { if (size > 0) drawMark(); }));
  onRestyle(redraw);
  return redraw;
}

// Lets the user choose two latent dimensions instead of the principal components.
function startAxes(first, replace) {
  const row = byId("axes");
  if (row === null) return;
  const { order } = state.model;
  const isComponents = first.plane.names[0].startsWith("principal");
  const kind = element("select", {});
  if (isComponents) kind.append(element("option", { value: "components", textContent: "principal components" }));
  kind.append(element("option", { value: "dimensions", textContent: "two latent dimensions" }));
  const choices = [0, 1].map((place) => {
    const select = element("select", { "aria-label": place === 0 ? "Across" : "Up" });
    for (const dimension of [...order].sort((one, other) => one - other)) {
      select.append(element("option", { value: dimension, textContent: `z${dimension}` }));
    }
    select.value = order[place];
    return select;
  });
  const actions = newest("plane");
  // A plane has two different directions.
  function disableChosen() {
    for (const [select, other] of [choices, [...choices].reverse()]) {
      for (const option of select.options) option.disabled = option.value === other.value;
    }
  }
  function change() {
    const useComponents = kind.value === "components";
    for (const select of choices) select.hidden = useComponents;
    disableChosen();
    const dimensions = choices.map((select) => Number(select.value));
    actions.run(async () => (useComponents ? first : call("/api/plane", { dimensions })), replace);
  }
  disableChosen();
  for (const select of [kind, ...choices]) select.addEventListener("change", change);
  for (const select of choices) select.hidden = isComponents;
  row.append(element("label", {}, "Plane of ", kind), ...choices);
}
