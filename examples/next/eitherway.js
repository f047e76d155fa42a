/** The one server of this process. Next.js bundles each route by itself, so that a module alone would be one for each of them. */
import { eitherway } from "eitherway/fetch";

const NAME = Symbol.for("eitherway");

globalThis[NAME] ??= open();
export const ew = globalThis[NAME];

function open() {
  const opened = eitherway();
  process.once("SIGTERM", () => opened.close()); // says bye: clients come back to the next process, with their cursors
  return opened;
}
