/** Server frames by an event stream, commands by POST. */
import { createSseDecoder, jsonClientCodec } from "../../protocol/index.ts";
import {
  type ClientLink,
  type ClientTransport,
  CONNECT_MS,
  type Destination,
  GATHER_MS,
  type Greeting,
  type LinkEvents,
  type LinkFailure,
  QUIET_PINGS,
} from "../transport.ts";
import { createCommandPoster } from "./commands.ts";
import { onceEnded, readFrame } from "./frames.ts";
import { exchange, helloLine } from "./http.ts";

/** The server's first ping comes this long after its welcome (PROTOCOL.md, rule L6); networks stutter. */
const PULSE_MS = 1_000;
const SLACK_MS = 3_000;

/** How an event stream comes in: by `fetch`, or by what a platform has in its place. */
export interface StreamReader {
  supported(): boolean;
  /** POSTs a hello and reads the answer to its end. Resolves with the failure, if there is one, and never rejects. */
  read(to: Destination, hello: string, signal: AbortSignal, into: StreamIntake): Promise<LinkFailure | undefined>;
}

export interface StreamIntake {
  /** The next piece of the stream. Throws at what is no event stream. */
  piece(piece: Uint8Array | string): void;
  /** This stream has lived long enough: a fresh one takes over, and resumes where this one stands. */
  renew(): void;
}

const fetchReader: StreamReader = {
  supported: () => typeof fetch === "function" && typeof ReadableStream === "function",
  read: (to, hello, signal, { piece }) =>
    exchange(to, "stream", hello, signal, async ({ headers, body }) => {
      const type = headers.get("content-type");
      if (!isEventStream(type) || !body) return noStream(type);
      const reader = body.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        piece(value);
      }
    }),
};

export const sseTransport = /* @__PURE__ */ createSseTransport(fetchReader);

export function createSseTransport(reader: StreamReader): ClientTransport {
  return {
    name: "sse",
    supported: reader.supported,
    idleMs: (pingMs) => pingMs,
    quietMs: (pingMs) => QUIET_PINGS * pingMs,
    muteMs: () => PULSE_MS + SLACK_MS,
    open: (to, events) => openStreams(reader, to, events),
  };
}

export function isEventStream(type: string | null): boolean {
  return type?.startsWith("text/event-stream") ?? false;
}

export function noStream(type: string | null): LinkFailure {
  return { message: `a stream was asked for, ${type} came` };
}

/** One request. Of two, the newer one takes over when it says welcome. */
interface Stream {
  readonly abort: AbortController;
  readonly greeting: Greeting;
}

function openStreams(reader: StreamReader, to: Destination, events: LinkEvents): ClientLink {
  const end = onceEnded(events);
  const commands = createCommandPoster(to, events);
  // Over https HTTP/2 is likely; without it browsers allow six connections, and a second stream takes one of them.
  const { streamChange = to.url.startsWith("https:") ? "make-first" : "break-first" } = to;
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
    if (streamChange === "break-first") {
      current?.abort.abort();
      current = undefined;
    }
    next = { abort: new AbortController(), greeting: to.greet() };
    deadline = to.clock.after(CONNECT_MS, () => end.ended({ message: "the stream did not open in time" }));
    void read(next);
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

  async function read(stream: Stream): Promise<void> {
    const hello = helloLine(to, stream.greeting.channels);
    let after: number | undefined;
    const decoder = createSseDecoder({
      onEvent: ({ data }) => receive(stream, data),
      onRetry(ms) {
        after = ms;
      },
    });
    const failure = await reader.read(to, hello, stream.abort.signal, {
      piece(piece) {
        if (!matters(stream)) return;
        events.alive();
        decoder.feed(piece);
      },
      renew() {
        if (matters(stream)) change();
      },
    });
    // Who ends a stream in good order, without a bye, is no server of ours: all its clients come back at once, but for this.
    const plainEnd = { message: "the stream ended", ...(after !== undefined && { after }) };
    if (matters(stream)) end.ended(failure ?? plainEnd);
  }

  function receive(stream: Stream, data: string): void {
    if (!matters(stream)) return;
    const frame = readFrame(jsonClientCodec, data, end);
    if (!frame) return;
    if (frame.t === "welcome") {
      if (stream === next && current && stream.greeting.isStale()) {
        stream.abort.abort();
        deadline?.();
        begin();
        return;
      }
      takeOver(stream);
      commands.welcome(frame);
    }
    events.frame(frame, stream.greeting.routes);
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
    announce: commands.announce,
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
