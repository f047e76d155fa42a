/** Files that flags name. */
import { readFile } from "node:fs/promises";
import { UsageError } from "./surroundings.ts";

/** Throws `UsageError` naming the flag. */
export async function readFileOf(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new UsageError(`--${flag} cannot be read: ${(cause as Error).message}.`, { cause });
  }
}
