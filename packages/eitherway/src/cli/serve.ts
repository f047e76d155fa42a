/** `eitherway serve`: a server of its own, for trying out, for development, and beside applications that are not Node. */
import { once } from "node:events";
import type { Limits } from "../core/index.ts";
import {
  createLogger,
  createSelfSignedCertificate,
  eitherway,
  LOG_LEVELS,
  type Logger,
  type NodeEitherway,
  type NodeEitherwayOptions,
  type TrustProxy,
} from "../node/index.ts";
import type { Amounts } from "../server/index.ts";
import { createTokenAuth } from "../server/tokens/index.ts";
import { primaryBroker } from "../workers/index.ts";
import { isOurWorker } from "../workers/worker-settings.ts";
import type { Command } from "./command.ts";
import { readFileOf } from "./files.ts";
import type { Arguments, Flags, GivenFlags } from "./flags.ts";
import type { Output } from "./output.ts";
import { createPlainLogger } from "./plain-logger.ts";
import { BROKER_FLAGS, readBroker } from "./serve-broker.ts";
import { type ServeTask, serveByWorkers } from "./serve-workers.ts";
import { asUsage, EXIT, type Surroundings, UsageError } from "./surroundings.ts";
import { API_KEY_FLAGS, readTokenOptions, TOKEN_FLAGS } from "./token/token-options.ts";
import { readVersion } from "./version.ts";

const FLAGS: Flags = {
  port: { short: "p", value: "PORT", help: "default 8000; 0: any free one; PORT works as well", mirrored: true },
  host: { value: "ADDRESS", help: "default 127.0.0.1; any other needs tokens, or --insecure", mirrored: true },
  "base-path": { value: "PATH", help: "default /eitherway", mirrored: true },
  "tls-cert": { value: "FILE", help: "certificate, PEM: https, also HTTP/2", mirrored: true },
  "tls-key": { value: "FILE", help: "its key, PEM", mirrored: true },
  "tls-self-signed": { help: "https with a certificate made now, for localhost", mirrored: true },
  ...TOKEN_FLAGS,
  ...API_KEY_FLAGS,
  insecure: {
    help: "without tokens: answers to every host name and may listen everywhere",
    mirrored: true,
  },
  "allow-origin": {
    value: "ORIGIN",
    many: true,
    help: "a page that may use this server, or '*'; repeatable",
    mirrored: true,
  },
  "trust-proxy": {
    value: "N",
    help: "how many proxies in front tell the truth about clients; default 0",
    mirrored: true,
  },
  ...BROKER_FLAGS,
  "retention-messages": { value: "N", help: "messages that a channel keeps; default 1000", mirrored: true },
  "retention-bytes": { value: "SIZE", help: "bytes that a channel keeps; default 1mb", mirrored: true },
  "retention-age": { value: "TIME", help: "age up to which a channel keeps messages; default 1h", mirrored: true },
  "key-window": { value: "TIME", help: "for how long a repeated key is recognised; default 5m", mirrored: true },
  workers: {
    value: "N",
    help: "processes that serve as one, from one memory: about one a core",
    mirrored: true,
  },
  ping: { value: "TIME", help: "time between pings on a quiet link; default 15s", mirrored: true },
  limit: {
    value: "NAME=VALUE",
    many: true,
    help: "a limit of docs/limits.md, as in messageBytes=256kb; repeatable",
    mirrored: true,
  },
  "log-level": {
    value: "LEVEL",
    help: "info (default), warn, error or silent: sentences on a terminal, else JSON lines",
    mirrored: true,
  },
};

export const serveCommand: Command = {
  name: "serve",
  parameters: "",
  summary: "Serves channels over WebSocket, SSE, long-poll and plain HTTP.",
  flags: FLAGS,
  notes: ["In brackets: the environment variable that does the same; several values are split by commas."],
  run: serve,
};

async function serve({ flags, positionals }: Arguments, surroundings: Surroundings, output: Output): Promise<number> {
  if (positionals.length > 0)
    throw new UsageError(`serve takes flags only; leave ${JSON.stringify(positionals[0])} out.`);
  const insecure = flags.on("insecure");
  const auth = await readAuth(flags);
  const host = flags.text("host");
  if (!auth && !insecure && host !== undefined && !LOOPBACK.has(host)) {
    throw new UsageError(
      `Host ${host} can be reached from other machines: say whose tokens are taken (--jwt-secret, --jwt-public-key, --jwks, --api-keys), leave --host out, or give --insecure to let everybody read and write.`,
    );
  }
  const port = readPort(flags.text("port") ?? surroundings.env.PORT);
  const tls = await readTls(flags);
  const broker = await readBroker(flags);
  const options = { ...readOptions(flags), auth, broker, logger: readLogger(flags, output) };
  const task: ServeTask = {
    listen: { port, host, tls },
    signal: surroundings.signal,
    say: output.say,
    async announce(url) {
      await output.data(
        await banner(url, { auth: auth !== undefined, insecure, selfSigned: flags.on("tls-self-signed") }),
      );
    },
  };
  const count = readWorkers(flags);
  if (count === undefined) await serveHere(() => eitherway(options), task);
  else if (isOurWorker(surroundings.env)) {
    await serveHere(() => eitherway({ ...options, broker: primaryBroker() }), { ...task, ...SILENT });
  } else await serveByWorkers(count, options, task);
  return EXIT.ok;
}

/** A worker: its primary has said it. */
const SILENT = { async announce() {}, say() {} };

async function serveHere(create: () => NodeEitherway, { listen, signal, announce, say }: ServeTask): Promise<void> {
  const server = asUsage(create);
  const ended = once(signal, "abort"); // before the first await below: a signal may come at once
  try {
    const { url } = await server.listen(listen);
    await announce(url);
    if (!signal.aborted) await ended;
    const { links } = server.stats();
    say(links > 0 ? `Ending: telling ${links} ${links === 1 ? "link" : "links"} to come back later ...` : "Ending.");
  } finally {
    await server.close();
  }
}

const LOOPBACK: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "::1"]);
const MAX_PORT = 65_535;

/** `undefined` where nothing is said of tokens. */
async function readAuth(flags: GivenFlags): Promise<NodeEitherwayOptions["auth"]> {
  const options = await readTokenOptions(flags);
  if (!options) return undefined;
  const grantOf = createTokenAuth(options);
  return ({ token }) => (token === undefined ? null : grantOf(token));
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined || text === "") return undefined;
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= MAX_PORT) return port;
  throw new UsageError(
    `The port is ${JSON.stringify(text)}; give a whole number from 0 (any free port) to ${MAX_PORT}.`,
  );
}

/** `undefined`: this process serves. */
function readWorkers(flags: GivenFlags): number | undefined {
  const text = flags.text("workers");
  if (text === undefined) return undefined;
  const count = /^[0-9]{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 1) throw new UsageError(`--workers is ${JSON.stringify(text)}; give the number of processes, 1 or more.`);
  if (flags.on("tls-self-signed")) {
    throw new UsageError(
      "With --workers each process would make a certificate of its own: give --tls-cert and --tls-key.",
    );
  }
  return count;
}

async function readTls(flags: GivenFlags): Promise<{ cert: string; key: string } | undefined> {
  const [cert, key] = [flags.text("tls-cert"), flags.text("tls-key")];
  if (flags.on("tls-self-signed")) {
    if (cert === undefined && key === undefined) return createSelfSignedCertificate();
    throw new UsageError("Give --tls-self-signed, or --tls-cert and --tls-key, not both.");
  }
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new UsageError("--tls-cert and --tls-key belong together; give both, or --tls-self-signed.");
  }
  return { cert: await readFileOf("tls-cert", cert), key: await readFileOf("tls-key", key) };
}

function readOptions(flags: GivenFlags): NodeEitherwayOptions {
  const trust = flags.text("trust-proxy");
  return {
    basePath: flags.text("base-path"),
    allowedOrigins: flags.texts("allow-origin"),
    insecure: flags.on("insecure"),
    trustProxy: trust === undefined ? undefined : readTrust(trust),
    retention: {
      messages: flags.text("retention-messages"),
      bytes: flags.text("retention-bytes"),
      ageMs: flags.text("retention-age"),
    },
    keyWindowMs: flags.text("key-window"),
    pingMs: flags.text("ping"),
    limits: readLimits(flags.texts("limit")),
  };
}

/** Who reads it decides: a person gets sentences, a collector of logs JSON. */
function readLogger(flags: GivenFlags, output: Output): Logger {
  const text = flags.text("log-level") ?? "info";
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level) throw new UsageError(`--log-level is ${JSON.stringify(text)}; give one of ${LOG_LEVELS.join(", ")}.`);
  return output.isRead ? createPlainLogger(output, level) : createLogger({ level, write: output.say });
}

function readTrust(text: string): TrustProxy {
  if (/^[0-9]$/.test(text)) return Number(text);
  throw new UsageError(`--trust-proxy is ${JSON.stringify(text)}; give the number of proxies in front, 0 to 9.`);
}

function readLimits(settings: readonly string[]): Amounts<Limits> {
  return Object.fromEntries(
    settings.map((setting) => {
      const [, name, value] = /^([A-Za-z]+)=(.+)$/.exec(setting) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      throw new UsageError(`--limit is ${JSON.stringify(setting)}; give NAME=VALUE, for example messageBytes=256kb.`);
    }),
  );
}

async function banner(
  url: string,
  { auth, insecure, selfSigned }: { auth: boolean; insecure: boolean; selfSigned: boolean },
): Promise<string> {
  const curl = `curl${selfSigned ? " -k" : ""}${auth ? ' -H "authorization: Bearer $TOKEN"' : ""}`;
  return [
    `Eitherway ${await readVersion()} is at ${url}`,
    whoMayCome(auth, insecure),
    "",
    `  listen    ${curl} -N '${url}/events?channel=room/42'`,
    `  publish   ${curl} -H 'content-type: application/json' -d '{"text":"hi"}' ${url}/channels/room/42`,
    `  history   ${curl} ${url}/channels/room/42`,
    "",
    "Ctrl-C ends it.",
  ].join("\n");
}

function whoMayCome(auth: boolean, insecure: boolean): string {
  if (auth) return "Who shows no token that it takes is refused; eitherway token makes one.";
  return insecure
    ? "There is no authentication: whoever reaches this port reads and writes every channel."
    : "Nobody is asked for a token, so only this machine is answered.";
}
