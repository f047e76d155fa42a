/** What a case of the transport suite is given, and what has to be there to run one. */
import type { Client, ClientOptions, TypedClient } from "../client/index.node.ts";
import type { HandlesOf } from "../contract/index.ts";
import type { HubStats, Limits, Retention } from "../core/index.ts";
import type { Id, Payload } from "../protocol/index.ts";
import type { Dialect } from "./dialects.ts";
import type { RawHello, RawLink } from "./raw-link.ts";
import type { SUITE_APP } from "./suite-app.ts";

export interface ServerSettings {
  readonly limits?: Partial<Limits>;
  readonly retention?: Partial<Retention>;
  /** It runs the application of the suite, as `createSuiteServer` sees to. Default: none, and every channel is open. */
  readonly application?: boolean;
}

/** A running server, from outside and from inside. */
export interface SuiteServer {
  /** With the base path: `http://127.0.0.1:8000/eitherway`. */
  readonly url: string;
  publish(
    channel: string,
    data: unknown,
    options?: { readonly event?: string; readonly key?: string; readonly kind?: Payload["kind"] },
  ): Promise<{ readonly id: Id }>;
  stream(channel: string, name: string): SuiteProducer;
  stats(): HubStats;
  /** Ends this server politely and starts one with the same settings at the same address. */
  restart(): Promise<void>;
  /** Its logs outlive a restart. Default: they are new. */
  readonly keepsLogs?: boolean | undefined;
  /** Says bye to every link and takes no new one. */
  close(): Promise<void>;
}

/** Who appends to a stream of text. */
export interface SuiteProducer {
  append(piece: string): Promise<void>;
  end(): Promise<void>;
  fail(message: string, code?: string): Promise<void>;
}

export interface CaseContext {
  readonly dialect: Dialect;
  /** A server for this case; it ends with the case. */
  start(settings?: ServerSettings): Promise<SuiteServer>;
  /** A link without the client, in this case's dialect. */
  link(server: SuiteServer, hello: RawHello): RawLink;
  /** A client that speaks this case's dialect only. */
  client(server: SuiteServer, options?: Partial<ClientOptions>): Client;
  /** The same, of the suite's application. */
  appClient(server: SuiteServer, options?: Partial<ClientOptions>): SuiteAppClient;
}

export type SuiteAppClient = TypedClient<HandlesOf<(typeof SUITE_APP)["channels"]>>;

export interface TransportCase {
  /** A sentence, with the promises that it proves. */
  readonly name: string;
  run(context: CaseContext): Promise<void>;
}
