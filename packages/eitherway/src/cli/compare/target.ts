/** What is measured against: a server of our own on this machine, with or without a bad network before it, or one elsewhere. */
import { createClient } from "../../client/index.node.ts";
import { playTrace, type Trace } from "../../instrument/index.ts";
import { createSelfSignedCertificate } from "../../node/index.ts";
import { createFaultNetwork, type Fault, type FaultNetwork } from "../../testing/index.ts";
import { type ContentKind, contentOf } from "./content.ts";
import { type MeasuredServer, startMeasuredServer } from "./measured-server.ts";
import { trustOwnCertificate } from "./own-certificate.ts";
import type { Path } from "./paths.ts";
import { sharedClock } from "./shared-clock.ts";
import { clockUntil } from "./until.ts";

export interface Target {
  /** For people. */
  readonly between: string;
  urlOf(path: Path): string;
  /** Has the trace sent to the channel, and resolves once its last message is stored. */
  order(channel: string, kind: ContentKind, trace: Trace): Promise<void>;
  /** Present where the server is ours and a process of this machine. */
  readonly server?: MeasuredServer;
  /** Another address of the same server, which nobody has talked to yet. */
  fresh?(path: Path): Promise<FreshAddress>;
  close(): Promise<void>;
}

export interface FreshAddress {
  readonly url: string;
  close(): Promise<void>;
}

const HOST = "127.0.0.1";
const BASE_PATH = "/eitherway";

export interface LocalTargetOptions {
  /** What is done to the network. Default: nothing. */
  readonly fault?: Fault | undefined;
  /** Over TLS, as browsers have it. Default: without. */
  readonly tls?: boolean;
}

export async function createLocalTarget({ fault, tls = false }: LocalTargetOptions = {}): Promise<Target> {
  const server = await startMeasuredServer({ tls: tls ? await createSelfSignedCertificate() : undefined });
  const distrust = tls ? trustOwnCertificate() : () => {};
  const networks: FaultNetwork[] = [];
  const urlOf = (port: number): string => `${tls ? "https" : "http"}://${HOST}:${port}${BASE_PATH}`;
  const urls = { 1: urlOf(server.ports.http1), 2: urlOf(server.ports.http2) };

  async function network(target: number): Promise<FaultNetwork> {
    const one = await createFaultNetwork({ target });
    if (fault) one.set(fault);
    return one;
  }

  if (fault) {
    const [http1, http2] = await Promise.all([network(server.ports.http1), network(server.ports.http2)]);
    networks.push(http1, http2);
    Object.assign(urls, { 1: urlOf(http1.port), 2: urlOf(http2.port) });
  }
  return {
    between: `two processes of this machine, over loopback${tls ? " with TLS" : ""}`,
    server,
    urlOf: ({ http }) => urls[http],
    order: (channel, kind, trace) => server.send({ channel, kind, trace }),
    async fresh({ http }) {
      const one = await network(http === 1 ? server.ports.http1 : server.ports.http2);
      return { url: urlOf(one.port), close: () => one.close() };
    },
    async close() {
      await Promise.all(networks.map((one) => one.close()));
      await server.stop();
      distrust();
    },
  };
}

/** A server elsewhere. Nothing can be had sent from its inside: a second client publishes, the same one for every path. */
export async function createRemoteTarget(url: string, signal: AbortSignal): Promise<Target> {
  const publisher = createClient({ url });
  const ended = () => void publisher.close();
  signal.addEventListener("abort", ended, { once: true });
  return {
    between: url,
    urlOf: () => url,
    async order(channel, kind, { fill, ...trace }) {
      const handle = publisher.channel(channel);
      await playTrace(trace, clockUntil(signal, sharedClock), (number, at) =>
        handle.publish(contentOf(kind, { part: "down", number, at, fill }), { kind }),
      );
    },
    async close() {
      signal.removeEventListener("abort", ended);
      await publisher.close();
    },
  };
}
