/** An outbox whose link the test plays. */
import type { Command } from "../../src/client/command.ts";
import { createOutbox, type Outbox, type OutboxOptions } from "../../src/client/outbox.ts";
import { type ErrorCode, jsonPayload, type WelcomeFrame } from "../../src/protocol/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { idOf, outcome, WELCOME } from "./support.ts";

export function createBox(options: Partial<OutboxOptions> = {}) {
  const clock = createFakeClock();
  const wire: Command[] = [];
  let stuck = 0;
  const outbox: Outbox = createOutbox({
    clock,
    random: () => 0.5,
    client: "c1",
    commands: 100,
    bytes: 100_000,
    changed() {},
    stuck: () => stuck++,
    ...options,
  });
  return {
    clock,
    outbox,
    /** Keys that went out since the last call. */
    keys: () => wire.splice(0).map(({ frame }) => frame.key),
    commands: () => wire.splice(0),
    attach: (welcome: Partial<WelcomeFrame> = {}) =>
      outbox.attach((command) => wire.push(command), { ...WELCOME, ...welcome }),
    publish: (channel: string, data: unknown = "x", key?: string, signal?: AbortSignal) =>
      outcome(outbox.submit({ t: "publish", channel, event: "message", payload: jsonPayload(data) }, key, signal)),
    ok: (key: string, seq = 1) => outbox.answer({ t: "ok", key, id: idOf(seq) }),
    refuse: (key: string, code: ErrorCode) => outbox.answer({ t: "error", key, code, message: code }),
    stuck: () => stuck,
  };
}
