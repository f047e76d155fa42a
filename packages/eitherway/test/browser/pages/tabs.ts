/** A tab that shares its connection, and keeps a ledger of what it got. Imports what users import. */
import { createClient, type TransportName } from "eitherway/client";
import { shareTabs } from "eitherway/client/tabs";
import { tabsApp } from "./tabs-app.ts";

export interface TabReport {
  readonly state: string;
  readonly transport: string | undefined;
  readonly why: string;
  /** Ids that were lost or doubled, in words, and gaps: nothing, or something is wrong. */
  readonly faults: readonly string[];
  /** Data of the first message and of the last one. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly count: number;
  /** Links that opened, and the longest time between two messages in milliseconds, since the last call of `mark`. */
  readonly opens: number;
  readonly longestPause: number;
  readonly isVisible: boolean;
  /** Why the page did not come from the back/forward cache; `null`: it did, or never was away. */
  readonly notRestored: unknown;
  /** The timeline of the client, in words. */
  readonly did: readonly string[];
}

declare global {
  var tab: {
    report(): TabReport;
    mark(): void;
    logout(): void;
    /** Calls `hold`; what comes of it is in `answers`. */
    hold(text: string, key?: string): void;
    readonly answers: string[];
    enter(name: string): Promise<void>;
  };
}

const parameters = new URLSearchParams(location.search);
const has = (name: string): boolean => parameters.has(name);

// Before the client has its listener: a tab that is frozen without a word, as by a browser that knows no such event.
if (has("mute")) document.addEventListener("freeze", (event) => event.stopImmediatePropagation(), { capture: true });

const share = shareTabs({ user: parameters.get("user") ?? "ana", ...(has("leader") && { worker: false }) });
const client = createClient(tabsApp, {
  url: "/eitherway",
  transport: (has("alone") ? ["sse"] : ["shared", "sse", "poll"]) as readonly TransportName[],
  share,
});

const channel = client.channel("room", { from: "start" });
const answers: string[] = [];
const faults: string[] = [];
let first: number | undefined;
let last: number | undefined;
let count = 0;
let lastAt = performance.now();
let longestPause = 0;
let linksBefore = 0;

// What is published counts up by one, so any other step is one that went wrong.
channel.on("message", (n) => {
  if (last !== undefined && n !== last + 1) faults.push(`${n} after ${last}`);
  first ??= n;
  last = n;
  count++;
  const now = performance.now();
  longestPause = Math.max(longestPause, now - lastAt);
  lastAt = now;
});
channel.on("gap", ({ why }) => {
  faults.push(`gap ${why}`);
});

globalThis.tab = {
  report() {
    const { state, transport, why, links } = client.status;
    const did = client.timeline().map(({ what, transport, why }) => [what, transport, why].filter(Boolean).join(" "));
    const opens = links - linksBefore;
    const isVisible = document.visibilityState === "visible";
    const [navigation] = performance.getEntriesByType("navigation");
    const { notRestoredReasons: notRestored } = navigation as { notRestoredReasons?: unknown } & PerformanceEntry;
    return { notRestored, state, transport, why, faults, first, last, count, opens, longestPause, isVisible, did };
  },
  mark() {
    linksBefore = client.status.links;
    longestPause = 0;
    lastAt = performance.now();
  },
  logout: share.logout,
  hold(text, key) {
    channel.call.hold(text, key === undefined ? {} : { key }).then(
      (answer) => answers.push(answer),
      ({ code }) => answers.push(code),
    );
  },
  answers,
  enter: (name) => channel.presence.set({ name }),
};
