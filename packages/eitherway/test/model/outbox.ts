/**
 * The publishing half of a reference client: counted keys, everything unanswered sent again in order after a cut, nothing older
 * than the key window (P5).
 */
import type { Clock, Draft } from "../../src/core/index.ts";
import {
  type ArrivedError,
  type ArrivedFrame,
  type ArrivedOk,
  type ClientFrame,
  isRetryable,
  type WelcomeFrame,
} from "../../src/protocol/index.ts";
import { fail } from "./check.ts";
import { type Batch, type Connection, type Doors, sendBatch } from "./connection.ts";
import { contentOf } from "./content.ts";
import type { Tally } from "./tally.ts";
import type { Truth } from "./truth.ts";

export interface OutboxOptions {
  readonly client: string;
  readonly doors: Doors;
  readonly clock: Clock;
  readonly truth: Truth;
  readonly tally: Tally;
}

export interface Outbox {
  /** One more command; dropped where as many as the server keeps receipts for are unanswered. */
  add(channel: string, draft: Draft): void;
  /** Sends what may be sent over the link that is there. */
  flush(connection: Connection | undefined): void;
  /** What failed for now may be tried again. */
  retry(): void;
  /** A new link, before anything is sent over it: what is unanswered will be sent again. */
  welcomed(welcome: WelcomeFrame): void;
  answered(frame: ArrivedOk | ArrivedError): void;
  /** The link is gone, with the answers that were on their way. */
  lost(): void;
  /** Reads the answer of a batch; `true` if there was one. */
  receive(): boolean;
  readonly unanswered: number;
}

interface Command {
  readonly frame: ClientFrame & { readonly t: "publish" };
  /** `failed`: for now, and so is all behind it on its channel. */
  state: "unsent" | "sent" | "failed";
  firstSentAt: number | undefined;
}

export function createOutbox({ client, doors, clock, truth, tally }: OutboxOptions): Outbox {
  const { inFlight } = doors.limits;
  /** One for all channels: answers name a command by its key alone, and gaps in a channel's counting do no harm. */
  let counter = 0;
  let commands: Command[] = [];
  let batch: { readonly request: Batch; readonly commands: readonly Command[] } | undefined;
  let keyWindow = Number.POSITIVE_INFINITY;

  function add(channel: string, draft: Draft): void {
    if (commands.filter(({ frame }) => frame.channel === channel).length >= inFlight) {
      tally.count("outcome", "command not taken: too many unanswered");
      return;
    }
    counter++;
    const { event, payload } = draft;
    const frame = { t: "publish", key: `${client}.${counter}`, channel, event, payload } as const;
    commands.push({ frame, state: "unsent", firstSentAt: undefined });
  }

  function flush(connection: Connection | undefined): void {
    if (!connection || connection.over) return;
    const ready = sendable();
    if (ready.length === 0) return;
    if (connection.send) {
      for (const command of ready) {
        connection.send(command.frame);
        sent(command);
      }
    } else if (!batch) {
      const now = ready.slice(0, inFlight);
      const request = sendBatch(
        doors,
        client,
        now.map(({ frame }) => frame),
      );
      for (const command of now) sent(command);
      batch = { request, commands: now };
    }
  }

  /** In order, and none of a channel behind one that failed. */
  function sendable(): Command[] {
    const blocked = new Set<string>();
    return commands.filter(({ state, frame }) => {
      if (state === "failed") blocked.add(frame.channel);
      return state === "unsent" && !blocked.has(frame.channel);
    });
  }

  function sent(command: Command): void {
    if (command.firstSentAt !== undefined) tally.count("outcome", "command sent again");
    command.state = "sent";
    command.firstSentAt ??= clock.now();
  }

  /** Commands of one channel come back together, once the last answer is there: else later ones overtook them. */
  function retry(): void {
    const waiting = new Set(commands.filter(({ state }) => state === "sent").map(({ frame }) => frame.channel));
    for (const command of commands) {
      if (command.state === "failed" && !waiting.has(command.frame.channel)) command.state = "unsent";
    }
    dropOld();
  }

  function dropOld(): void {
    commands = commands.filter(({ state, firstSentAt }) => {
      if (state === "sent" || firstSentAt === undefined || clock.now() - firstSentAt < keyWindow) return true;
      tally.count("outcome", "command given up: outcome unknown");
      return false;
    });
  }

  function answered(frame: ArrivedOk | ArrivedError): void {
    const at = commands.findIndex((command) => command.state === "sent" && command.frame.key === frame.key);
    const command = commands[at];
    if (!command) fail(`P5: ${client} got an answer that it does not wait for: ${JSON.stringify(frame)}`);
    const { channel } = command.frame;
    const earlier = commands.slice(0, at).find((other) => other.state === "sent" && other.frame.channel === channel);
    if (earlier) fail(`P5: ${client} got the answer of ${command.frame.key} before that of ${earlier.frame.key}`);
    if (frame.t === "ok") {
      const content = contentOf(command.frame);
      if (!truth.names(frame.id ?? "no id", content)) fail(`P5: ${client} was told that ${frame.id} is "${content}"`);
      commands.splice(at, 1);
      tally.count("outcome", "command answered");
    } else {
      if (!isRetryable(frame.code)) fail(`P5: ${client}'s ${command.frame.key} was refused for good: ${frame.message}`);
      command.state = "failed";
      tally.count("outcome", "command to be tried again");
    }
  }

  function receive(): boolean {
    const answer = batch?.request.answer();
    if (!batch || !answer) return false;
    const { commands: asked } = batch;
    batch = undefined;
    for (const frame of answer.frames) if (isAnswer(frame)) answered(frame);
    for (const command of asked) if (command.state === "sent") command.state = "unsent"; // not tried
    return true;
  }

  return {
    add,
    flush,
    retry,
    welcomed(welcome) {
      keyWindow = welcome.keyWindow;
      dropOld();
    },
    answered,
    lost() {
      batch?.request.cut();
      batch = undefined;
      for (const command of commands) command.state = "unsent";
    },
    receive,
    get unanswered() {
      return commands.length;
    },
  };
}

function isAnswer(frame: ArrivedFrame): frame is ArrivedOk | ArrivedError {
  return frame.t === "ok" || frame.t === "error";
}
