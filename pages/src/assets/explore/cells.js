// The values of the columns of a mixed table as text. Other samples have no `cells`, and all their columns are numbers.

// Whether a column has numbers, which are drawn on an axis.
export const isNumber = (model, column) => (model.cells[column]?.kind ?? "number") === "number";

// Writes the value of a column that is not a number: the name of a level, a date or a time of day.
export function cellText(model, column, value) {
  if (value === null) return "missing";
  const cell = model.cells[column];
  switch (cell.kind) {
    case "category":
      return cell.levels[value - 1] ?? "unseen level";
    case "day":
      return new Date(Math.round(value) * 86400000).toISOString().slice(0, 10);
    case "time":
      return new Date(Math.min(86399, Math.max(0, Math.round(value))) * 1000).toISOString().slice(11, 19);
    default:
      return String(value);
  }
}
