/** Text from outside on a terminal: whoever wrote it must not steer the terminal of whoever looks. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for; tab and line feed are harmless
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g;

/** The text with its control characters spelled out. */
export function printable(text: string): string {
  return text.replace(CONTROL, (control) => `\\x${control.charCodeAt(0).toString(16).padStart(2, "0")}`);
}
