/** Reading streams: text or bytes that a server appends piece by piece. Costs a program nothing that does not import it. */
import { EitherwayError, joinBytes, streamLog } from "../protocol/index.ts";
import type { CoreClient } from "./client-api.ts";
import { createIteration } from "./iteration.ts";
import type { Undo } from "./ports.ts";
import {
  createStreamContent,
  NOTHING,
  nameOf,
  type StreamChunk,
  type StreamContent,
  type StreamSnapshot,
} from "./stream-content.ts";

export type { StreamChunk, StreamSnapshot, StreamState } from "./stream-content.ts";

/** One stream as a client reads it: whole, from its start, whenever it comes to it. */
export interface StreamReader<Chunk extends StreamChunk = string> extends AsyncIterable<Chunk> {
  readonly channel: string;
  readonly name: string;
  /** What there is of it, while anybody reads. The same object until something changes. */
  readonly snapshot: StreamSnapshot<Chunk>;

  /**
   * Calls back after changes, at most once a turn, until its undo is called; also when the stream begins anew after its end. Not called
   * for what is there already: see `snapshot`.
   */
  on(listener: (snapshot: StreamSnapshot<Chunk>) => void): Undo;

  /**
   * Chunks as they come, what was there before first, until the end. Leaving the loop stops reading. How the text is cut into chunks
   * means nothing.
   *
   * @throws EitherwayError `stream-failed` where its producer failed or was lost (`details.code` says how), `stream-over` where it
   *   began anew meanwhile, so that what the loop had is void, or is not kept any more; `closed`; or why reading was refused
   */
  [Symbol.asyncIterator](): AsyncIterator<Chunk, undefined, undefined>;

  /** The whole text at the end of the stream; of bytes as UTF-8. A stream that begins anew is waited for. Rejects as a loop throws. */
  text(): Promise<string>;

  /** The whole at the end of the stream; of text as UTF-8. Rejects as a loop throws. */
  bytes(): Promise<Uint8Array>;
}

/**
 * Reads the stream `name` of a channel, which the server produces with `ew.stream(channel, name)`. Nothing is sent before somebody
 * reads; all readers of one client share one subscription.
 *
 * @example
 * const answer = readStream(client, "job/7", "answer");
 * for await (const chunk of answer) page.append(chunk);
 *
 * @throws EitherwayError `bad-channel` or `reserved-channel`
 */
export function readStream<Chunk extends StreamChunk = string>(
  client: CoreClient,
  channel: string,
  name: string,
): StreamReader<Chunk> {
  const log = streamLog(channel, name);

  function iterate(): AsyncIterator<Chunk, undefined, undefined> {
    const content = contentOf(client, log);
    let given = 0;
    let { restarts } = content.snapshot;
    const loop = createIteration<Chunk>({ pause() {}, resume() {}, leave: () => leave() });

    function look(): void {
      const { state, chunks, error, ...now } = content.snapshot;
      if (now.restarts !== restarts && given > 0) {
        loop.finish(beganAnew(log));
        return;
      }
      restarts = now.restarts;
      for (const chunk of chunks.slice(given)) loop.push(chunk as Chunk, "start");
      given = chunks.length;
      if (state === "ended" || state === "failed") loop.finish(error);
    }

    const leave = content.watch(look);
    look();
    return loop;
  }

  function whole(): Promise<readonly StreamChunk[]> {
    return new Promise((resolve, reject) => {
      const content = contentOf(client, log);
      function look(): void {
        const { state, chunks, error } = content.snapshot;
        if (state === "ended") resolve(chunks);
        else if (state === "failed") reject(error);
        else return;
        leave();
      }
      const leave = content.watch(look);
      look();
    });
  }

  return {
    channel,
    name,
    get snapshot() {
      return (contents.get(client)?.get(log)?.snapshot ?? NOTHING) as StreamSnapshot<Chunk>;
    },
    on(listener) {
      const content = contentOf(client, log);
      return content.watch(() => listener(content.snapshot as StreamSnapshot<Chunk>));
    },
    [Symbol.asyncIterator]: iterate,
    async text() {
      const chunks = await whole();
      return isText(chunks) ? chunks.join("") : new TextDecoder().decode(joinBytes(chunks as Uint8Array[]));
    },
    async bytes() {
      const chunks = await whole();
      return isText(chunks) ? new TextEncoder().encode(chunks.join("")) : joinBytes(chunks as Uint8Array[]);
    },
  };
}

/** What is being read, by client and log. */
const contents = new WeakMap<CoreClient, Map<string, StreamContent>>();

function contentOf(client: CoreClient, log: string): StreamContent {
  const ofClient = contents.get(client) ?? new Map<string, StreamContent>();
  contents.set(client, ofClient);
  const content = ofClient.get(log) ?? createStreamContent(client, log, () => ofClient.delete(log));
  ofClient.set(log, content);
  return content;
}

function isText(chunks: readonly StreamChunk[]): boolean {
  return typeof chunks[0] === "string";
}

function beganAnew(log: string): EitherwayError {
  return new EitherwayError(
    "stream-over",
    `The stream ${nameOf(log)} began anew while it was read, and what had come of it is void; read it again.`,
  );
}
