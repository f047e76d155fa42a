/** Server frames by a loop of requests, each with every cursor; commands by POST. Works wherever a form does. */
import type { ArrivedFrame } from "../../protocol/index.ts";
import {
  type ClientLink,
  type ClientTransport,
  type Destination,
  GATHER_MS,
  type LinkEvents,
  type Routes,
} from "../transport.ts";
import { createCommandPoster } from "./commands.ts";
import { onceEnded, readLines } from "./frames.ts";
import { exchange, helloLine } from "./http.ts";

/** Below the 30 s after which some proxies give up on an answer. */
const WAIT_SECONDS = 25;
const MS_PER_SECOND = 1_000;

/** For the way there and back, on top of the wait. */
const SLACK_MS = 10_000;

/** The same request twice means that nothing came of the first one. It is not sent again sooner: no loop without a pause. */
const REPEAT_MS = 1_000;

export const pollTransport: ClientTransport = {
  name: "poll",
  supported: () => typeof fetch === "function",
  idleMs: () => WAIT_SECONDS * MS_PER_SECOND,
  quietMs: () => WAIT_SECONDS * MS_PER_SECOND + SLACK_MS,
  muteMs: () => Number.POSITIVE_INFINITY, // an answer comes as a whole
  open: openPolls,
};

function openPolls(to: Destination, events: LinkEvents): ClientLink {
  const { clock } = to;
  const end = onceEnded(events);
  const commands = createCommandPoster(to, events);
  let request = new AbortController();
  /** Ends the wait before the next request. */
  let pause: (() => void) | undefined;
  let gathering: (() => void) | undefined;
  let welcomed = false;
  /** The last request, but for how long it waits. */
  let lastAsked = "";
  let lastBegan = 0;
  let answeredAt = 0;

  function poll(): void {
    gathering?.(); // whatever changed is in this request
    gathering = undefined;
    const { channels, routes, settled } = to.greet();
    // The first answer opens the link. And until every channel has said where it stands, "now" would move on with the waiting.
    // A request that was given up has waited already: from one answer to the next it must not be silent for longer than one wait.
    const waited = Math.floor((clock.now() - answeredAt) / MS_PER_SECOND);
    const wait = welcomed && settled ? Math.max(0, WAIT_SECONDS - waited) : 0;
    const asked = helloLine(to, channels, Math.sign(wait));
    const rest = asked === lastAsked ? lastBegan + REPEAT_MS - clock.now() : 0;
    if (rest > 0) {
      pause = clock.after(rest, poll);
      return;
    }
    pause = undefined;
    lastAsked = asked;
    lastBegan = clock.now();
    request = new AbortController();
    void ask(helloLine(to, channels, wait), routes, request.signal);
  }

  async function ask(body: string, routes: Routes, signal: AbortSignal): Promise<void> {
    const failure = await exchange(to, "poll", body, signal, async (answer) => {
      const text = await answer.text();
      events.alive();
      answeredAt = clock.now();
      return readLines(
        text,
        () => !end.over && !signal.aborted,
        (frame) => receive(frame, routes),
      );
    });
    if (end.over || signal.aborted) return;
    if (failure) end.ended(failure);
    else poll();
  }

  function receive(frame: ArrivedFrame, routes: Routes): void {
    // It moves no cursor, so the next request is the same, and must not be late for what else is announced.
    if (frame.t === "messages" && frame.epoch === undefined) lastAsked = "";
    if (frame.t === "welcome") {
      welcomed = true;
      commands.welcome(frame);
    }
    events.frame(frame, routes);
  }

  /** A request that waits would tell the change only after its wait: it is given up, at no loss, since no cursor moved. */
  function change(): void {
    gathering ??= clock.after(GATHER_MS, () => {
      pause?.();
      request.abort();
      lastAsked = ""; // it was not answered, so it was no answer without news
      poll();
    });
  }

  poll();
  return {
    change() {
      change();
      return true;
    },
    publish: commands.publish,
    announce: commands.announce,
    close() {
      end.over = true;
      pause?.();
      gathering?.();
      request.abort();
      commands.close();
    },
  };
}
