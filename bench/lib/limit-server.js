/** The C server of bench/limit as a peer: what the exchange itself costs, with no history and no promise. */
import { existsSync } from "node:fs";
import { LIMIT_PROGRAM } from "./native.js";
import { PLAIN } from "./plain-dialect.js";
import { EVENT_STREAM } from "./sse-dialect.js";

/**
 * @param {{ name: string, title: string, mode: "turn" | "message", fault?: "drop" | "repeat" | "swap" | "stray" }} options
 * @returns {import("./types.js").Peer}
 */
export function limitServer({ name, title, mode, fault }) {
  return {
    name,
    title,
    note: "bench/limit: no history, no promises, no checks; not a server for use",
    version: async () => "1",
    missing: async () => (existsSync(LIMIT_PROGRAM) ? undefined : "bench/limit is not compiled"),
    command: () => ({ program: LIMIT_PROGRAM, args: fault === undefined ? [mode] : [mode, fault] }),
    publisher: "control",
    dialects: { websocket: PLAIN, sse: EVENT_STREAM },
  };
}
