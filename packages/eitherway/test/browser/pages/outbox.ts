/** A page with an outbox on disk, which a test drives. */
import { type Client, createClient, type Outcome, type TransportName } from "../../../src/client/index.ts";
import { clearOutbox, openOutbox } from "../../../src/client/outbox-store/index.ts";

declare global {
  var outbox: OutboxPage;
}

interface OutboxPage {
  readonly client: Client;
  /** Outcomes of what earlier pages left: the data, or the code of the error. */
  readonly outcomes: readonly unknown[];
  /** The same of what this page published. */
  readonly results: readonly string[];
  /** Codes of the client's errors. */
  readonly errors: readonly string[];
  /** Publishes, and resolves once all of it is kept, or refused. */
  publish(channel: string, ...data: readonly unknown[]): Promise<void>;
  clear(): Promise<void>;
}

await navigator.serviceWorker.register("/worker.js");
await navigator.serviceWorker.ready;

const parameters = new URLSearchParams(location.search);
const name = parameters.get("name") ?? "";
const store = await openOutbox({ name });
const transport = (parameters.get("transport") ?? "auto") as TransportName;
const client = createClient({ url: "/eitherway", transport, outbox: { store } });
const outcomes: unknown[] = [];
const results: string[] = [];
const errors: string[] = [];

function codeOf(error: unknown): string {
  return (error as { code?: string }).code ?? String(error);
}

function told({ data, error }: Outcome): void {
  outcomes.push(error ? error.code : data instanceof Uint8Array ? [...data] : data);
}

client.on("outcome", told);
client.on("error", (error) => errors.push(codeOf(error)));

globalThis.outbox = {
  client,
  outcomes,
  results,
  errors,
  async publish(channel, ...all) {
    for (const data of all) {
      client
        .channel(channel)
        .publish(data)
        .then(
          () => results.push("stored"),
          (error: unknown) => results.push(codeOf(error)),
        );
    }
    await client.ready();
  },
  clear: () => clearOutbox({ name }),
};
