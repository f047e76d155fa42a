/** UTF-8, as sizes and limits count it. */

/** One for all: every module that made its own would keep it in bundles that use nothing else of that module. */
export const encoder = /* @__PURE__ */ new TextEncoder();

const LONE_SURROGATE = /\p{Surrogate}/u;

/** False for text with half of a surrogate pair, which UTF-8 cannot say. */
export function isUnicode(text: string): boolean {
  return !LONE_SURROGATE.test(text);
}

/** Length of a text in UTF-8 bytes. */
export function utf8Length(text: string): number {
  const units = text.length;
  for (let i = 0; i < units; i++) {
    if (text.charCodeAt(i) > 0x7f) return encoder.encode(text).length;
  }
  return units;
}
