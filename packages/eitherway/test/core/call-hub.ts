/** A hub whose handlers the test plays. */
import type { CallHandler, CommandOutcome, Hub, Identity } from "../../src/core/index.ts";
import type { CallFrame } from "../../src/protocol/index.ts";
import { type PlayedCalls, playedCalls } from "../support/played-calls.ts";
import { createTestHub, type TestHub, type TestHubOptions } from "./support.ts";

export const TIMEOUT_MS = 30_000;
/** Deadlines have a resolution. */
export const TICKS_MS = 300;

export interface CallHub extends TestHub {
  readonly calls: PlayedCalls;
}

export function createCallHub(options: TestHubOptions & { readonly handler?: Partial<CallHandler> } = {}): CallHub {
  const calls = playedCalls({ timeoutMs: TIMEOUT_MS, ...options.handler });
  return { ...createTestHub({ calls, ...options }), calls };
}

const ANA: Identity = { client: "c1", user: "ana" };

/** As one client of one user, unless said otherwise. */
export async function ask(hub: Hub, frame: CallFrame, who = ANA): Promise<CommandOutcome | undefined> {
  const [outcome] = await hub.run([frame], who);
  return outcome;
}
