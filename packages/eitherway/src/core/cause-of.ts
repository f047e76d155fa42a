/** What a log tells of something that the code of an application threw: handlers, schemas. */

const MOST_FRAMES = 4;
/** Names and codes that somebody made of a message would be longer. */
const MOST_UNITS = 60;

/**
 * Its kind, its code and where it was thrown: `TypeError ECONNREFUSED at send (/app/server.js:12:9)`. Never its message: handlers
 * and validators write into it what they were given, and payloads do not belong into logs.
 */
export function causeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `thrown: ${typeof thrown}`;
  const { code } = thrown as { readonly code?: unknown };
  const what = [thrown.name, code].filter(isShort).join(" ") || "Error";
  return [what, ...framesOf(thrown)].join(" ");
}

function isShort(text: unknown): text is string {
  return typeof text === "string" && text.length <= MOST_UNITS;
}

/** Engines put the message in front, and it may look like frames itself. Where it was changed since, nothing is certain. */
function framesOf({ message, stack = "" }: Error): readonly string[] {
  const at = stack.indexOf(message);
  if (at < 0) return [];
  const lines = stack.slice(at + message.length).split("\n");
  return lines
    .map((line) => line.trim())
    .filter((line) => line.startsWith("at "))
    .slice(0, MOST_FRAMES);
}
