/** What commands that are clients share: where the server is, and telling people how the connection fares. */
import { type Client, createClient, type Status, type TransportName } from "../client/index.node.ts";
import type { Flags, GivenFlags } from "./flags.ts";
import type { Output } from "./output.ts";
import { asUsage, UsageError } from "./surroundings.ts";

export const CONNECTION_FLAGS: Flags = {
  url: { value: "URL", help: "where the server is; default http://127.0.0.1:8000/eitherway", mirrored: true },
  transport: { value: "NAME", help: "auto, websocket, sse or poll; default auto", mirrored: true },
};

const DEFAULT_URL = "http://127.0.0.1:8000/eitherway";
const TRANSPORTS: readonly TransportName[] = ["websocket", "sse", "poll"];

export interface Connection {
  readonly client: Client;
  /** Aborted when the client is closed before its command is done: by a signal, or since the server refuses for good. */
  readonly over: AbortSignal;
  /** Why the server refuses. */
  readonly failure: string | undefined;
}

export interface ConnectionOptions {
  /** Most commands without an answer; `client.ready()` waits beyond it. */
  readonly unanswered?: number;
  /** Ends the client. */
  readonly signal: AbortSignal;
}

/** Connects once something is asked of the client. When it is over, everything that waits on the client ends. */
export function connect(flags: GivenFlags, output: Output, { unanswered, signal }: ConnectionOptions): Connection {
  const url = flags.text("url") ?? DEFAULT_URL;
  const transport = readTransport(flags.text("transport"));
  const client = asUsage(() =>
    createClient({ url, transport, ...(unanswered !== undefined && { outbox: { commands: unanswered } }) }),
  );
  const over = new AbortController();
  const connection = { client, over: over.signal, failure: undefined as string | undefined };
  const close = (): void => {
    over.abort();
    void client.close();
  };
  const tell = createTeller(url, output);
  client.on("status", (status) => {
    tell(status);
    if (status.state !== "stopped") return;
    connection.failure = `The server at ${url} refuses: ${status.lastError?.message ?? status.why}`;
    close();
  });
  client.on("error", (error) => {
    if (client.status.state !== "stopped") output.say(error.message); // otherwise said as the failure
  });
  if (signal.aborted) close();
  else signal.addEventListener("abort", close, { once: true });
  return connection;
}

function readTransport(text: string | undefined): TransportName | "auto" {
  if (text === undefined || text === "auto") return "auto";
  const found = TRANSPORTS.find((name) => name === text);
  if (found) return found;
  throw new UsageError(`--transport is ${JSON.stringify(text)}; give auto, ${TRANSPORTS.join(", ")}.`);
}

const MS_PER_SECOND = 1_000;

/** Says when the server is away and when it is back; nothing while all is well. */
function createTeller(url: string, output: Output): (status: Status) => void {
  let toldAttempt = 0;
  return ({ state, attempt, retryInMs, lastError, transport }) => {
    if (state === "waiting" && attempt !== toldAttempt) {
      toldAttempt = attempt;
      const seconds = ((retryInMs ?? 0) / MS_PER_SECOND).toFixed(1);
      const why = lastError ? ` (${withoutStop(lastError.message)})` : "";
      output.say(`No connection to ${url}${why}; retrying in ${seconds} s.`);
    } else if (state === "open" && toldAttempt > 0) {
      toldAttempt = 0;
      output.say(`Connected to ${url} over ${transport}.`);
    }
  };
}

function withoutStop(sentence: string): string {
  return sentence.replace(/\.$/, "");
}
