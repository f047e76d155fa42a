/** A name that is mistyped must not mean the default: it may be the one that keeps somebody out (P12). */
import { EitherwayError, quote } from "../protocol/index.ts";

/** @throws EitherwayError `bad-request` for an option that there is not, naming those that there are */
export function checkOptionNames(options: object, known: readonly string[], what = "option"): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new EitherwayError("bad-request", `There is no ${what} ${quote(unknown)}; known: ${known.join(", ")}.`);
}
