/** The version of the package, from its own manifest. */
import { readFile } from "node:fs/promises";

/** From `src/cli` and from `dist/cli` alike. */
const MANIFEST = new URL("../../package.json", import.meta.url);

export async function readVersion(): Promise<string> {
  const { version } = JSON.parse(await readFile(MANIFEST, "utf8")) as { version: string };
  return version;
}
