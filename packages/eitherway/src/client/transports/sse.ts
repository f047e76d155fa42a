/** Server frames by an event stream that `fetch` reads, commands by POST. */
import { createSseDecoder, jsonCodec } from "../../protocol/index.ts";
import {
  type ClientLink,
  type ClientTransport,
  CONNECT_MS,
  type Destination,
  type LinkEvents,
  type LinkFailure,
  type Routes,
} from "../transport.ts";
import { createCommandPoster } from "./commands.ts";
import { onceEnded, readFrame } from "./frames.ts";
import { failureOf, networkFailure, post } from "./http.ts";

const QUIET_PINGS = 2.5; // as on a WebSocket

/** Channels that change within this time change by one new stream. */
export const GATHER_MS = 50;

export const sseTransport: ClientTransport = {
  name: "sse",
  supported: () => typeof fetch === "function" && typeof ReadableStream === "function",
  quietMs: (pingMs) => QUIET_PINGS * pingMs,
  open: openStreams,
};

/** One request. Of two, the newer one takes over when it says welcome. */
interface Stream {
  readonly abort: AbortController;
  readonly routes: Routes;
}

function openStreams(to: Destination, events: LinkEvents): ClientLink {
  const end = onceEnded(events);
  const commands = createCommandPoster(to, events);
  /** Whose frames count. */
  let current: Stream | undefined;
  /** Opened, not yet welcomed. */
  let next: Stream | undefined;
  let gathering: (() => void) | undefined;
  /** Ends the patience with `next`: while `current` is alive nothing else would. */
  let deadline: (() => void) | undefined;
  /** Channels changed after `next` had asked for its own. */
  let changedSince = false;

  function begin(): void {
    changedSince = false;
    if (current && to.streamChange === "break-first") {
      current.abort.abort();
      current = undefined;
    }
    const { channels, routes } = to.greet();
    const stream = { abort: new AbortController(), routes };
    next = stream;
    deadline = to.clock.after(CONNECT_MS, () => end.ended({ message: "the stream did not open in time" }));
    void read(stream, jsonCodec.writeClient({ t: "hello", ...to.who, channels }) as string);
  }

  function change(): void {
    if (next) changedSince = true;
    else
      gathering ??= to.clock.after(GATHER_MS, () => {
        gathering = undefined;
        begin();
      });
  }

  const matters = (stream: Stream): boolean => !end.over && (stream === current || stream === next);

  /** Never rejects. */
  async function read(stream: Stream, hello: string): Promise<void> {
    const failure = await consume(stream, hello);
    if (matters(stream)) end.ended(failure);
  }

  async function consume(stream: Stream, hello: string): Promise<LinkFailure> {
    try {
      const response = await post(`${to.url}/stream`, hello, stream.abort.signal);
      if (!response.ok) return await failureOf(response, to.clock.wall());
      const type = response.headers.get("content-type") ?? "";
      if (!type.startsWith("text/event-stream") || !response.body)
        return { message: `a stream was asked for, ${type} came` };
      const decoder = createSseDecoder({ onEvent: ({ data }) => receive(stream, data) });
      const reader = response.body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done || !matters(stream)) return { message: "the stream ended" };
        events.alive();
        decoder.feed(value);
      }
    } catch (thrown) {
      return networkFailure(thrown);
    }
  }

  function receive(stream: Stream, data: string): void {
    if (!matters(stream)) return;
    const frame = readFrame(() => jsonCodec.readServer(data), end);
    if (!frame) return;
    if (frame.t === "welcome") {
      takeOver(stream);
      commands.welcome(frame);
    }
    events.frame(frame, stream.routes);
  }

  function takeOver(stream: Stream): void {
    if (stream !== next) return;
    deadline?.();
    current?.abort.abort();
    current = stream;
    next = undefined;
    if (changedSince) change();
  }

  begin();
  return {
    change() {
      change();
      return true;
    },
    publish: commands.publish,
    close() {
      end.over = true;
      gathering?.();
      deadline?.();
      commands.close();
      current?.abort.abort();
      next?.abort.abort();
    },
  };
}
