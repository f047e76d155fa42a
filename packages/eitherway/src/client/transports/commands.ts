/** Commands of the HTTP transports: batches by POST, one in flight, so that order holds without the server's help. */
import { type ArrivedFrame, isRetryable, utf8Length, type WelcomeFrame } from "../../protocol/index.ts";
import type { Announcement, Asker, Command } from "../command.ts";
import type { Undo } from "../ports.ts";
import { type Destination, type LinkEvents, NO_ROUTES } from "../transport.ts";
import { createAnnouncementPoster } from "./announcements.ts";
import { readLines } from "./frames.ts";
import { ANSWER_MS, exchange, helloLine } from "./http.ts";

export interface CommandPoster {
  /** Goes out with the next batch. */
  publish(command: Command): void;
  /** Goes out by itself, or is dropped: `false`. */
  announce(announcement: Announcement): boolean;
  /** Tells the limits of a batch. */
  welcome(frame: WelcomeFrame): void;
  close(): void;
}

/** How soon it is asked again what came of messages that wait for their windows. */
const AGAIN_MS = 500;

/** As long as a hello may become: seconds that never need more digits. */
const LONGEST_WAIT = 99;

export function createCommandPoster(to: Destination, events: LinkEvents): CommandPoster {
  let request: AbortController | undefined;
  let waiting: Command[] = [];
  let busy = false;
  let closed = false;
  let limits: WelcomeFrame["limits"] | undefined;
  let asker: Asker | undefined;
  /** Messages that wait for their windows. */
  const unsettled: Command[] = [];
  let pause: Undo | undefined;
  const announcements = createAnnouncementPoster(to, events, () => limits);

  function pump(): void {
    if (busy || closed || waiting.length === 0) return;
    busy = true;
    // At the end of the turn: what is published together travels together.
    queueMicrotask(() => {
      if (!closed) void send();
    });
  }

  /** Never rejects. */
  async function send(): Promise<void> {
    const batch = fitting(waiting);
    waiting = waiting.slice(batch.length);
    request = new AbortController();
    const unanswered = new Map(batch.map((command) => [command.frame.key, command]));
    let stopped = false; // by a retryable failure, the last answer there is: the rest was not tried
    let failure = await post(batch, request, (frame) => {
      const command = "key" in frame && unanswered.get(frame.key as string);
      if (command) unanswered.delete(command.frame.key);
      if (frame.t === "error" && isRetryable(frame.code)) stopped = true;
      take(frame);
      if (command && frame.t === "running") askAgain(command);
    });
    busy = false;
    if (closed) return;
    if (unanswered.size > 0 || stopped) {
      if (!stopped) failure ??= { message: "the answer to a batch of commands is not complete" };
      // What waits here may belong behind what was not done: all of it goes back, to be put in order again.
      const behind = waiting;
      waiting = [];
      events.returned([...unanswered.values()], failure);
      events.returned(behind);
    }
    pump();
  }

  /** For a call by a request of its own; for a message that waits for its window, which is short, by a later batch. */
  function askAgain(command: Command): void {
    asker ??= command.createAsker?.({ clock: to.clock, fitting, post, take, returned: events.returned });
    if (command.createAsker) asker?.add(command);
    else {
      unsettled.push(command);
      pause ??= to.clock.after(AGAIN_MS, sendAgain);
    }
  }

  function sendAgain(): void {
    pause = undefined;
    waiting.push(...unsettled.splice(0));
    pump();
  }

  function take(frame: ArrivedFrame): void {
    events.frame(frame, NO_ROUTES);
  }

  function fitting(commands: readonly Command[]): readonly Command[] {
    const { inFlight = 1, frameBytes = Number.POSITIVE_INFINITY } = limits ?? {};
    let bytes = utf8Length(hello(LONGEST_WAIT));
    let count = 0;
    for (const command of commands) {
      bytes += command.bytes + 1;
      if (count === inFlight || (count > 0 && bytes > frameBytes)) break;
      count++;
    }
    return commands.slice(0, count);
  }

  function hello(wait?: number): string {
    return helloLine(to, new Map(), wait);
  }

  async function post(
    batch: readonly Command[],
    abort: AbortController,
    onFrame: (frame: ArrivedFrame) => void,
    wait?: number,
  ) {
    const body = [hello(wait), ...batch.map(({ line }) => line)].join("\n");
    const undoDeadline = to.clock.after(ANSWER_MS, () => abort.abort());
    const failure = await exchange(to, "commands", body, abort.signal, async (answer) => {
      return readLines(await answer.text(), () => !closed, onFrame);
    });
    undoDeadline();
    return failure;
  }

  return {
    publish(command) {
      waiting.push(command);
      pump();
    },
    announce: announcements.announce,
    welcome(frame) {
      limits = frame.limits;
    },
    close() {
      closed = true;
      request?.abort();
      asker?.close();
      pause?.();
      announcements.close();
    },
  };
}
