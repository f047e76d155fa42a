/** Eitherway inside a Node program: beside the routes of an HTTP server, or on a port of its own. */
import { Server } from "node:http";
import { isContract } from "../contract/contract.ts";
import type { ChannelTypes, Contract } from "../contract/index.ts";
import { checkOptionNames, type Undo } from "../core/index.ts";
import { createHost, type FetchEitherway, type FetchEitherwayOptions, type Host } from "../fetch/host.ts";
import { EitherwayError } from "../protocol/index.ts";
import { isProbe, type TypedServer, withContract } from "../server/index.ts";
import type { RequestHandler } from "../transports/index.ts";
import { createUnfinishedMessages } from "../transports/unfinished-messages.ts";
import type { FramePeer } from "../transports/websocket-reader.ts";
import { attach, type NodeServer } from "./attach.ts";
import { type Listening, type ListenOptions, listen } from "./listen.ts";
import { createLogger } from "./logger.ts";
import { createNodeClock } from "./node-clock.ts";
import { readAhead } from "./read-ahead.ts";
import { createUpgradeDoor } from "./upgrade-door.ts";

export type NodeEitherwayOptions = FetchEitherwayOptions;

export interface NodeEitherway extends FetchEitherway {
  /**
   * Answers requests below the base path of an `http`, `https` or `http2` server, with or without an application on it (Express,
   * Fastify, ...); all others stay the application's, in whatever order the two are set up. `close()` leaves the server open.
   *
   * @returns gives the server back as it was; open links stay
   */
  attach(server: NodeServer, options?: { readonly basePath?: string | undefined }): Undo;

  /**
   * Opens a port of its own, where `/healthz` and `/readyz` are answered as well. `close()` closes it.
   *
   * @throws EitherwayError `unavailable` for a port that is taken; `bad-request` for a host that others can reach, without `auth`, unless `insecure`
   */
  listen(options?: ListenOptions): Promise<{
    readonly port: number;
    /** With the base path: what clients are given. `http://127.0.0.1:8000/eitherway` */
    readonly url: string;
  }>;
}

/** A server with a contract: `publish` takes the names of the contract in place of those of the wire, `channel` its handlers. */
export interface TypedNodeEitherway<Channels>
  extends Omit<NodeEitherway, keyof TypedServer<Channels>>,
    TypedServer<Channels> {}

/**
 * Without the option `broker` logs live in the memory of this process, bounded by `retention` and `limits`.
 *
 * @throws EitherwayError `bad-request` for an option that is unknown or has a value that makes no sense
 * @example
 * const ew = eitherway({ limits: { messageBytes: "256kb" } });
 * ew.attach(httpServer);
 * await ew.publish("room/42", { text: "hi" });
 * // with a contract: eitherway(app, options), and ew.publish("room", { id: "42" }, "message", { text: "hi" })
 * process.once("SIGTERM", () => ew.close());
 */
export function eitherway<Channels extends ChannelTypes>(
  app: Contract<Channels>,
  options?: NodeEitherwayOptions,
): TypedNodeEitherway<Channels>;
export function eitherway(options?: NodeEitherwayOptions): NodeEitherway;
export function eitherway<Channels extends ChannelTypes>(
  first: Contract<Channels> | NodeEitherwayOptions = {},
  second: NodeEitherwayOptions = {},
): TypedNodeEitherway<Channels> | NodeEitherway {
  const platform = { clock: createNodeClock(), createLogger };
  if (!isContract(first)) return createNodeEitherway(createHost(platform, first, undefined), first);
  const host = createHost(platform, second, first);
  return withContract<Channels, NodeEitherway>(first, createNodeEitherway(host, second), host.parts);
}

function createNodeEitherway(
  { server, parts, settings: shared }: Host,
  { auth, insecure = false }: NodeEitherwayOptions,
): NodeEitherway {
  const settings = { ...shared, unfinished: createUnfinishedMessages<FramePeer>() };
  const { basePath } = settings;
  const listening = new Set<Listening>();
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    for (const one of listening) one.stop();
    await parts.eitherway.close();
    await Promise.all([...listening].map((one) => one.close()));
  }

  return {
    ...server,
    attach(server, own = {}) {
      checkOptionNames(own, ["basePath"], "option of attach()");
      return attach(server, parts.handler, { ...settings, basePath: own.basePath ?? basePath });
    },
    async listen(own = {}) {
      if (closing !== undefined)
        throw new EitherwayError("closed", "This server was closed; make a new one with eitherway().");
      const standalone: RequestHandler = { ...parts.handler, handles: isProbe };
      checkOptionNames(own, ["port", "host", "tls"], "option of listen()");
      const rules = { open: insecure || auth !== undefined, bodyMs: settings.limits.bodyMs };
      const one = await listen(own, rules, (server) => {
        attach(server, standalone, settings);
        if (server instanceof Server) readAhead(server, createUpgradeDoor(standalone, settings));
      });
      listening.add(one);
      return { port: one.port, url: one.origin + basePath };
    },
    close() {
      closing ??= close();
      return closing;
    },
  };
}
