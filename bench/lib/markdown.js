/** Tables in Markdown. */

/**
 * @param {readonly string[]} head
 * @param {readonly (readonly string[])[]} rows
 * @param {number} words so many columns at the left are words, the others numbers
 */
export function markdownTable(head, rows, words) {
  const rule = head.map((_, nth) => (nth < words ? "---" : "---:"));
  return [line(head), `|${rule.join("|")}|`, ...rows.map(line)].join("\n");
}

/** @param {readonly string[]} texts */
function line(texts) {
  return `| ${texts.map((text) => text.replaceAll("|", "\\|").replaceAll("\n", " ")).join(" | ")} |`;
}
