/** Sentences as lines of a terminal. */

export const COLUMNS = 80;

/** Broken between words; a longer word stays one: an address can be copied. `lead` stands before the first line, and its room before the rest. */
export function wrapped(text: string, lead = ""): readonly string[] {
  const lines: string[] = [];
  let line = lead;
  let isEmpty = true;
  for (const word of text.split(" ")) {
    if (!isEmpty && line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = " ".repeat(lead.length);
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
