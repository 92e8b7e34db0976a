// Draws series as lines, one band for each channel.

import { color, sized, short } from "./elements.js";

const BAND = 110;
const LEFT = 56;

// Draws `values`, and `original` behind them as a thinner line.
export function drawLines(canvas, model, values, original, width) {
  const channels = model.shape.length === 2 ? model.shape[0] : 1;
  const length = values.length / channels;
  const context = sized(canvas, width, channels * BAND + 8);
  const colors = { ink: color("--ink"), soft: color("--soft"), line: color("--line"), accent: color("--accent") };
  context.font = "12px system-ui, sans-serif";
  for (let channel = 0; channel < channels; channel += 1) {
    const part = (all) => all.slice(channel * length, (channel + 1) * length);
    const [low, high] = limits(part(model.limits), part(values), original && part(original));
    const top = channel * BAND + 20;
    const height = BAND - 28;
    const x = (step) => LEFT + ((width - LEFT - 6) * step) / Math.max(1, length - 1);
    const y = (value) => top + height * (1 - (value - low) / (high - low || 1));
    context.strokeStyle = colors.line;
    context.lineWidth = 1;
    context.strokeRect(LEFT, top, width - LEFT - 6, height);
    context.fillStyle = colors.soft;
    context.textAlign = "right";
    context.fillText(short(high), LEFT - 4, top + 10);
    context.fillText(short(low), LEFT - 4, top + height);
    context.textAlign = "left";
    context.fillStyle = colors.ink;
    context.fillText(model.columns?.[channel] ?? (channels > 1 ? `channel ${channel}` : ""), LEFT, top - 6);
    if (original) stroke(context, part(original), x, y, colors.soft, 1);
    stroke(context, part(values), x, y, colors.accent, 2);
  }
}

// Draws a series without axes, all channels in one small picture, each in its own range.
export function drawSmallLines(canvas, model, values, width, height) {
  const channels = model.shape.length === 2 ? model.shape[0] : 1;
  const length = values.length / channels;
  const context = sized(canvas, width, height);
  for (let channel = 0; channel < channels; channel += 1) {
    const part = (all) => all.slice(channel * length, (channel + 1) * length);
    const [low, high] = limits(part(model.limits), part(values));
    const x = (step) => 2 + ((width - 4) * step) / Math.max(1, length - 1);
    const y = (value) => (height * (channel + 0.9 - 0.8 * ((value - low) / (high - low || 1)))) / channels;
    stroke(context, part(values), x, y, color("--accent"), 1.5);
  }
}

function stroke(context, values, x, y, style, lineWidth) {
  context.strokeStyle = style;
  context.lineWidth = lineWidth;
  context.beginPath();
  values.forEach((value, step) => (step === 0 ? context.moveTo(x(step), y(value)) : context.lineTo(x(step), y(value))));
  context.stroke();
}

// Returns the range of the rows on the page, widened to what is drawn.
function limits(ranges, ...series) {
  let low = Infinity;
  let high = -Infinity;
  for (const [smallest, largest] of ranges) {
    low = Math.min(low, smallest);
    high = Math.max(high, largest);
  }
  for (const values of series) {
    for (const value of values ?? []) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : [0, 1];
}
