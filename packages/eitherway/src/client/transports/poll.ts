/** Server frames by a loop of requests, each with every cursor; commands by POST. Works wherever a form does. */
import { jsonCodec } from "../../protocol/index.ts";
import type { ClientLink, ClientTransport, Destination, LinkEvents, LinkFailure, Routes } from "../transport.ts";
import { createCommandPoster } from "./commands.ts";
import { onceEnded, readFrame } from "./frames.ts";
import { failureOf, networkFailure, post } from "./http.ts";
import { GATHER_MS } from "./sse.ts";

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
  quietMs: () => WAIT_SECONDS * MS_PER_SECOND + SLACK_MS,
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
  let lastBody = "";
  let lastBegan = 0;

  function poll(): void {
    gathering?.(); // whatever changed is in this request
    gathering = undefined;
    const { channels, routes, settled } = to.greet();
    // The first answer opens the link. And until every channel has said where it stands, "now" would move on with the waiting.
    const wait = welcomed && settled ? WAIT_SECONDS : 0;
    const body = jsonCodec.writeClient({ t: "hello", ...to.who, channels, wait }) as string;
    const rest = body === lastBody ? lastBegan + REPEAT_MS - clock.now() : 0;
    if (rest > 0) {
      pause = clock.after(rest, poll);
      return;
    }
    pause = undefined;
    lastBody = body;
    lastBegan = clock.now();
    request = new AbortController();
    void exchange(body, routes, request.signal);
  }

  /** Never rejects. */
  async function exchange(body: string, routes: Routes, signal: AbortSignal): Promise<void> {
    const failure = await attempt(body, routes, signal);
    if (end.over || signal.aborted) return;
    if (failure) end.ended(failure);
    else poll();
  }

  async function attempt(body: string, routes: Routes, signal: AbortSignal): Promise<LinkFailure | undefined> {
    try {
      const response = await post(`${to.url}/poll`, body, signal);
      if (!response.ok) return await failureOf(response, clock.wall());
      const text = await response.text();
      events.alive();
      if (!signal.aborted) receive(text, routes, signal);
      return undefined;
    } catch (thrown) {
      return networkFailure(thrown);
    }
  }

  function receive(text: string, routes: Routes, signal: AbortSignal): void {
    for (const line of text.split("\n")) {
      if (end.over || signal.aborted) return;
      if (line === "") continue;
      const frame = readFrame(() => jsonCodec.readServer(line), end);
      if (frame?.t === "welcome") {
        welcomed = true;
        commands.welcome(frame);
      }
      if (frame) events.frame(frame, routes);
    }
  }

  /** A request that waits would tell the change only after its wait: it is given up, at no loss, since no cursor moved. */
  function change(): void {
    gathering ??= clock.after(GATHER_MS, () => {
      pause?.();
      request.abort();
      lastBody = ""; // it was not answered, so it was no answer without news
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
    close() {
      end.over = true;
      pause?.();
      gathering?.();
      request.abort();
      commands.close();
    },
  };
}
