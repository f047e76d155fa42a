/** The time of day of a process, so far ahead of the machine's as a test says. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface WallClock {
  /** For the process whose clock it is. */
  readonly env: Readonly<Record<string, string>>;
  /** From now on, for every process that was started with `env`. */
  advance(ms: number): void;
}

const SOURCE = fileURLToPath(new URL("wall-clock.c", import.meta.url));
const MICROSECONDS_A_MS = 1_000;

/** `folder`: where the file lies that the processes share. */
export function createWallClock(folder: string): WallClock {
  const file = join(folder, "wall-clock");
  const ahead = new BigInt64Array(1);
  writeFileSync(file, ahead);
  return {
    env: { LD_PRELOAD: library(), WALL_CLOCK_FILE: file },
    advance(ms) {
      ahead[0] = (ahead[0] ?? 0n) + BigInt(Math.round(ms * MICROSECONDS_A_MS));
      writeFileSync(file, ahead, { flag: "r+" }); // in place: processes have this very file mapped
    },
  };
}

let built: string | undefined;

/** Compiled once in a test file. */
function library(): string {
  if (built && existsSync(built)) return built;
  const folder = mkdtempSync(join(tmpdir(), "eitherway-wall-clock-"));
  const unfinished = join(folder, "unfinished.so");
  execFileSync("cc", ["-O2", "-shared", "-fPIC", "-o", unfinished, SOURCE]);
  built = join(folder, "wall-clock.so");
  renameSync(unfinished, built);
  return built;
}
