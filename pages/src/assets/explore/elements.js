// Short ways to find and create elements.

export const byId = (id) => document.getElementById(id);

// Creates an element with properties, attributes (with a hyphen) and children.
export function element(name, properties = {}, ...children) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.includes("-") || key === "for") created.setAttribute(key, value);
    else created[key] = value;
  }
  created.append(...children);
  return created;
}

export function button(text, onClick, properties = {}) {
  const created = element("button", { type: "button", textContent: text, ...properties });
  created.addEventListener("click", onClick);
  return created;
}

// Returns a color of the page's style, such as `--ink`.
export const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Makes a canvas sharp on every screen, and returns its context, whose unit is a pixel of the page.
export function sized(canvas, width, height) {
  const scale = window.devicePixelRatio || 1;
  const [columns, rows] = [Math.round(width * scale), Math.round(height * scale)];
  const context = canvas.getContext("2d");
  // A new size allocates new memory, so the canvas keeps its own if it can.
  if (canvas.width === columns && canvas.height === rows) {
    context.reset();
  } else {
    canvas.width = columns;
    canvas.height = rows;
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
  }
  context.setTransform(scale, 0, 0, scale, 0, 0);
  return context;
}

// Returns a function that calls `run` once before the browser paints, however often it is called until then.
export function oncePerFrame(run) {
  let isPlanned = false;
  return () => {
    if (isPlanned) return;
    isPlanned = true;
    requestAnimationFrame(() => {
      isPlanned = false;
      run();
    });
  };
}

// Formats a number with about four digits.
export function short(value) {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2);
  return String(Number(value.toPrecision(4)));
}

// Calls `run` after `wait` milliseconds without another call.
export function debounced(run, wait) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => run(...values), wait);
  };
}

// Returns a function that formats the numbers of one column alike, with four digits for the largest of `values`.
export function columnFormat(values) {
  const size = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  if (size >= 1e6 || (size > 0 && size < 1e-3)) return (value) => value.toExponential(2);
  const decimals = Math.min(6, Math.max(0, 3 - Math.floor(Math.log10(size || 1))));
  return (value) => value.toFixed(decimals);
}

// The messages of the parts of the page that failed. Each stays in view until its part succeeds.
const problems = new Map();

export function showProblem(part, error) {
  problems.delete(part);
  problems.set(part, error.message);
  tellProblems();
}

export function clearProblem(part) {
  if (problems.delete(part)) tellProblems();
}

function tellProblems() {
  const problem = byId("problem");
  const text = [...new Set(problems.values())].join(" ");
  if (problem.textContent !== text) problem.textContent = text;
  problem.hidden = problems.size === 0;
}

// Calls `redraw` when colors or the width of the page change.
export function onRestyle(redraw) {
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  let width = window.innerWidth;
  window.addEventListener("resize", () => {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    redraw();
  });
}
