// Words for the anomaly score of a sample.

import { short } from "./elements.js";
import { state } from "./state.js";

// Describes a squared error, and which part of the rows has a smaller one.
export function describeScore(error, partBelow) {
  const text = `Anomaly score: squared error ${short(error)} (sum over the values, in scaled units).`;
  if (partBelow === null) return text;
  const percent = Math.floor(100 * partBelow);
  const place = `It is larger than that of ${percent} % of ${state.model.source}`;
  if (partBelow >= 0.99) return `${text} ${place}: very unusual.`;
  if (partBelow >= 0.95) return `${text} ${place}: unusual.`;
  return `${text} ${place}: ordinary.`;
}
