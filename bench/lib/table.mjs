/** Prints rows as aligned columns under a title: the first column to the left, the others to the right. */
export function printTable(title, header, rows) {
  const cells = [header, ...rows].map((row) => row.map((cell) => String(cell ?? "-")));
  const widths = header.map((_, column) => Math.max(...cells.map((row) => row[column].length)));
  console.log(`\n${title}`);
  for (const row of cells) {
    console.log(
      `  ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("  ")}`.trimEnd(),
    );
  }
}

export const us = (ns) => (ns === null || ns === undefined ? null : `${(ns / 1e3).toFixed(ns < 1e5 ? 2 : 0)} us`);
export const ratio = (value) => (value === null || value === undefined ? null : `${value.toFixed(3)} x`);
export const met = (value, limit) =>
  limit === undefined || value === null ? "" : `${value <= limit ? "met" : "MISSED"}: ${limit}`;
