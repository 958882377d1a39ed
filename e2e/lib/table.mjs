/** Tables of what was measured, in Markdown, so that they can be put into docs/measurements.md as they are. */

/**
 * Prints a table.
 *
 * @param {string} title
 * @param {string[]} head
 * @param {(string | number)[][]} rows
 */
export function printTable(title, head, rows) {
  const line = (/** @type {(string | number)[]} */ cells) => `| ${cells.join(' | ')} |`;
  console.log([`\n${title}\n`, line(head), line(head.map(() => '---')), ...rows.map(line), ''].join('\n'));
}

/** @param {number} value @param {number} [digits] after the point */
export function figure(value, digits = 0) {
  return value.toLocaleString('en-GB', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}
