/** The one server of this process. Next.js bundles each route by itself, so that a module alone would be one for each of them. */
import { eitherway } from "eitherway/fetch";

export const ew = open();

function open() {
  const known = Symbol.for("example.eitherway");
  globalThis[known] ??= eitherway();
  return globalThis[known];
}
