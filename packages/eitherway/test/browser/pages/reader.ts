/** A page that reads one channel, for tests that put it away and take it out again. */
import { binary } from "../../../src/client/binary.ts";
import { createClient, type TransportName } from "../../../src/client/index.ts";
import { serverPath } from "./orders.ts";

export interface Reader {
  readonly seen: readonly unknown[];
  readonly gaps: number;
  readonly holes: number;
  /** Links that opened. */
  readonly links: number;
  readonly isLive: boolean;
  readonly state: string;
  /** Milliseconds of the pause before the next attempt, while there is one. */
  readonly retryInMs: number | undefined;
  /** The timeline of the client. */
  readonly did: readonly string[];
  /** What the page heard of the browser. */
  readonly heard: readonly string[];
  /** Why the page was not taken from the back/forward cache; `null`: it was, or never was away. Chromium alone knows. */
  readonly notRestored: unknown;
}

declare global {
  var read: () => Reader;
}

const parameters = new URLSearchParams(location.search);
const client = createClient({
  url: serverPath(Number(parameters.get("server"))),
  transport: parameters.get("transport") as TransportName,
  ...(parameters.has("binary") && { framing: binary }),
  random: () => Number(parameters.get("random") ?? 0),
});
const channel = client.channel("room");
const seen: unknown[] = [];
const heard: string[] = [];
let gaps = 0;
let isLive = false;

channel.on("message", (data) => {
  seen.push(data);
});
channel.on("gap", () => {
  gaps++;
});
channel.on("live", () => {
  isLive = true;
});

for (const event of ["pagehide", "pageshow"] as const) {
  addEventListener(event, ({ persisted }) => heard.push(persisted ? `${event} persisted` : event));
}
for (const event of ["offline", "online"]) addEventListener(event, () => heard.push(event));
for (const event of ["freeze", "resume"]) document.addEventListener(event, () => heard.push(event));

globalThis.read = () => {
  const { holes, links, state, retryInMs } = client.status;
  const [navigation] = performance.getEntriesByType("navigation");
  return {
    seen,
    gaps,
    holes,
    links,
    isLive,
    state,
    retryInMs,
    did: client.timeline().map(({ what }) => what),
    heard,
    notRestored: (navigation as { notRestoredReasons?: unknown } | undefined)?.notRestoredReasons,
  };
};
