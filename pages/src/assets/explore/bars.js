// Draws the columns of a row of a table: a line for each, with the range of the rows on the page and the value in it.

import { cellText, isNumber } from "./cells.js";
import { color, columnFormat, sized } from "./elements.js";

const LINE = 24;
// Beyond this many columns, the picture shows the first ones, and the caption of the plot says so.
const MAX_COLUMNS = 400;

// Draws `values` as filled marks, and `original` as rings.
export function drawBars(canvas, model, values, original, width) {
  const count = Math.min(values.length, MAX_COLUMNS);
  const isCut = count < values.length;
  const context = sized(canvas, width, (count + (isCut ? 1 : 0)) * LINE + 4);
  const colors = { ink: color("--ink"), soft: color("--soft"), line: color("--line"), accent: color("--accent") };
  context.font = "13px system-ui, sans-serif";
  context.textBaseline = "middle";
  const nameWidth = Math.min(140, width * 0.32);
  const valueWidth = 64;
  const [start, end] = [nameWidth + 8, width - valueWidth - 8];
  for (let column = 0; column < count; column += 1) {
    const y = column * LINE + LINE / 2;
    const [low, high] = model.limits[column] ?? model.range;
    const x = (value) => start + (end - start) * Math.min(1.03, Math.max(-0.03, (value - low) / (high - low || 1)));
    context.textAlign = "left";
    context.fillStyle = colors.ink;
    context.fillText(fitted(context, model.columns?.[column] ?? `x${column}`, nameWidth), 0, y);
    if (!isNumber(model, column)) {
      context.fillStyle = colors.accent;
      context.fillText(fitted(context, cellText(model, column, values[column]), width - start), start, y);
      const own = original ? cellText(model, column, original[column]) : null;
      if (own !== null && own !== cellText(model, column, values[column])) {
        context.textAlign = "right";
        context.fillStyle = colors.soft;
        context.fillText(fitted(context, `original: ${own}`, (width - start) / 2), width - 2, y);
      }
      continue;
    }
    if (values[column] === null) {
      context.fillStyle = colors.soft;
      context.fillText("missing", start, y);
      continue;
    }
    context.textAlign = "right";
    context.fillText(columnFormat([low, high])(values[column]), width - 2, y);
    context.fillStyle = colors.line;
    context.fillRect(start, y - 2, end - start, 4);
    context.fillStyle = colors.accent;
    context.fillRect(Math.min(start, x(values[column])), y - 2, Math.abs(x(values[column]) - start), 4);
    context.beginPath();
    context.arc(x(values[column]), y, 5, 0, 2 * Math.PI);
    context.fill();
    if (original && original[column] !== null) {
      context.strokeStyle = colors.ink;
      context.lineWidth = 1.5;
      context.beginPath();
      context.arc(x(original[column]), y, 7, 0, 2 * Math.PI);
      context.stroke();
    }
  }
  if (isCut) {
    context.textAlign = "left";
    context.fillStyle = colors.soft;
    const text = `and ${values.length - count} more columns, in the table and the downloads`;
    context.fillText(text, 0, count * LINE + LINE / 2);
  }
}

// Shortens a name to a width.
function fitted(context, name, width) {
  if (context.measureText(name).width <= width) return name;
  let end = name.length;
  while (end > 1 && context.measureText(`${name.slice(0, end)}…`).width > width) end -= 1;
  return `${name.slice(0, end)}…`;
}
