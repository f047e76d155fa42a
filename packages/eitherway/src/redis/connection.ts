/** Scripts on the servers that have their keys: sent once, sent again where that does no harm, and failures with a meaning. */
import type { Redis } from "ioredis";
import { type Clock, createNews, type Logger } from "../core/index.ts";
import { EitherwayError } from "../protocol/index.ts";
import { type ClientOptions, openServers, type Servers } from "./clients.ts";
import { type Failure, failureOf, notConnected } from "./redis-errors.ts";
import type { RedisPlace } from "./redis-url.ts";
import { shortcomingsIn } from "./requirements.ts";
import type { Script } from "./scripts.ts";

export interface RedisConnection {
  readonly servers: Servers;
  /**
   * Runs a script on the server that has its keys. One that may run twice is sent again when its answer got lost; of any other
   * that is a {@link LostAnswer}. What passes (a failover, a restart) is waited for, up to 5 seconds.
   *
   * @returns what the script answers: numbers, Buffers, lists of them, or null
   * @throws EitherwayError `unavailable`, `storage-full`; LostAnswer
   */
  run(script: Script, keys: readonly string[], args: readonly Argument[], how: RunOptions): Promise<unknown>;
  /** @throws EitherwayError `unavailable` */
  publish(live: string, frame: Buffer): Promise<void>;
  close(): void;
}

export type Argument = string | Buffer;

export interface RunOptions {
  /** Running it a second time changes nothing, or answers as the first time. */
  readonly repeatable: boolean;
  /** Replicas that must have it before the answer counts. Default: 0. */
  readonly replicas?: number;
}

/** It was sent and no answer came: whether it was done cannot be known. */
export class LostAnswer extends EitherwayError {
  constructor(cause: unknown) {
    const why = "Redis did not answer: whether it was done cannot be known. Read the channel before sending it anew.";
    super("outcome-unknown", why, { cause });
  }
}

interface ConnectionOptions {
  readonly place: RedisPlace;
  readonly client: ClientOptions;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** How long a command waits for a server that can serve it: a failover takes about this. */
const PATIENCE_MS = 5_000;
const RETRY_MS = 50;
const REPLICA_MS = 1_000;
/** Of `ioredis`, with another number each time. */
const RETRY_NOTE = / Retrying from scratch after [\d.]+ms\./;

export function openConnection({ place, client, clock, logger }: ConnectionOptions): RedisConnection {
  const servers = openServers({ ...{ place, client, report }, opened: (server) => void look(server) });
  const publishCommand = place.kind === "cluster" ? "spublish" : "publish";
  const isNews = createNews(clock);
  let closed = false;

  function report(cause: unknown): void {
    const text = String(cause).replace(RETRY_NOTE, "");
    if (!closed && isNews(text)) logger.warn("redis failed", { cause: text });
  }

  async function look(server: Redis): Promise<void> {
    const info = await Promise.all([server.info("server"), server.info("memory")]).catch(() => []); // not all let it be asked
    for (const text of shortcomingsIn(info.join("\n"))) {
      if (!closed && isNews(text)) logger.warn("redis unfit", { cause: text });
    }
  }

  async function persevere<T>(key: string, repeatable: boolean, attempt: (server: Redis) => Promise<T>): Promise<T> {
    const deadline = clock.now() + PATIENCE_MS;
    for (;;) {
      const { failure, value } = await tryOnce(key, attempt);
      if (!failure) return value as T;
      if (!failure.clean && failure.passing && !repeatable) throw new LostAnswer(failure.error.cause);
      if (!failure.passing || closed || clock.now() >= deadline) {
        const { code, cause } = failure.error;
        if (code !== "internal" && cause !== undefined) report(cause); // that it says, and callers are told; the rest is logged by them
        throw failure.error;
      }
      servers.refresh();
      await new Promise<void>((resolve) => clock.after(RETRY_MS, resolve));
    }
  }

  async function tryOnce<T>(
    key: string,
    attempt: (server: Redis) => Promise<T>,
  ): Promise<{ readonly failure?: Failure; readonly value?: T }> {
    const server = closed ? undefined : servers.of(key);
    if (!server) return { failure: notConnected() };
    try {
      return { value: await attempt(server) };
    } catch (thrown) {
      return { failure: failureOf(thrown) };
    }
  }

  return {
    servers,
    run(script, keys, args, { repeatable, replicas = 0 }) {
      const [key = ""] = keys;
      return persevere(key, repeatable, async (server) => {
        const send = () => evaluate(server, script, keys, args, replicas);
        try {
          return await send();
        } catch (thrown) {
          if (!(thrown instanceof Error) || !thrown.message.startsWith("NOSCRIPT")) throw thrown;
          await server.script("LOAD", script.source);
          return await send();
        }
      });
    },
    async publish(live, frame) {
      await persevere(live, false, (server) => server.callBuffer(publishCommand, live, frame));
    },
    close() {
      closed = true;
      servers.close();
    },
  };
}

async function evaluate(
  server: Redis,
  { sha }: Script,
  keys: readonly string[],
  args: readonly Argument[],
  replicas: number,
): Promise<unknown> {
  const answer = server.callBuffer("evalsha", sha, String(keys.length), ...keys, ...args);
  if (replicas === 0) return answer;
  // Right behind it, so on the same connection: it speaks of what that one wrote.
  const acknowledged = server.wait(replicas, REPLICA_MS);
  acknowledged.catch(() => {});
  const value = await answer;
  if ((await acknowledged) < replicas) throw new LostAnswer(`fewer than ${replicas} replicas have it`);
  return value;
}
