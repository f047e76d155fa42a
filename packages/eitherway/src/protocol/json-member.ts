/** Finds the text of one member of a JSON object, so that it can be kept as it was written. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * The value of member `name` as text with the spaces around it, or `undefined` where there is none. Of a name that is there twice the last one
 * counts, as for `JSON.parse`.
 *
 * @param json the text of an object, which has been parsed already: errors of JSON are not looked for
 */
export function jsonMember(json: string, name: string): string | undefined {
  let found: string | undefined;
  let depth = 0;
  let key: string | undefined;
  let valueStart = 0;
  for (let i = 0; i < json.length; i++) {
    switch (json.charCodeAt(i)) {
      case QUOTE: {
        const end = stringEnd(json, i);
        key ??= JSON.parse(json.slice(i, end)); // inside a value there is one already
        i = end - 1;
        break;
      }
      case COLON:
        if (depth === 1) valueStart = i + 1;
        break;
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        depth++;
        break;
      case CLOSE_ARRAY:
        depth--;
        break;
      case CLOSE_OBJECT:
      case COMMA:
        if (depth === 1) {
          if (key === name) found = json.slice(valueStart, i);
          key = undefined;
        }
        if (json.charCodeAt(i) === CLOSE_OBJECT) depth--;
        break;
    }
  }
  return found;
}

/** The index behind the closing quote of the string that opens at `start`. */
function stringEnd(json: string, start: number): number {
  for (let i = start + 1; i < json.length; i++) {
    const unit = json.charCodeAt(i);
    if (unit === BACKSLASH) i++;
    else if (unit === QUOTE) return i + 1;
  }
  return json.length;
}
