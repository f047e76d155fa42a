/**
 * A chat room that stays complete while transports change and connections end. What is on the screen is the channel's log:
 * history from the start, joined to what happens, each message once and in order; own messages wait below it until they are
 * in it. The page's own count of what is lost or doubled: continuity.ts.
 */
import { type Channel, createClient, type Status, type TransportChoice, type TransportName } from "eitherway/client";
import { parseId } from "eitherway/protocol";
import { createContinuity } from "./continuity.ts";
import { byId, element, setText } from "./document.ts";

const BURST = 20;
/** What stays in the document; the log itself keeps no more by default. */
const MAX_ROWS = 1_000;
/** What is shown of a message; others than this page may publish longer ones. */
const MAX_TEXT = 4_000;
/** Nearer to the end than this, a reader wants to see what comes. */
const STICKY_PX = 60;

const TRANSPORTS: Readonly<Record<TransportName, string>> = {
  websocket: "WebSocket",
  shared: "the connection of all tabs",
  sse: "SSE",
  poll: "long-poll",
};

const WHOLE = "Nothing lost, nothing doubled";
const BROKEN = "Something was lost, doubled or did not join up";
const TIME = new Intl.DateTimeFormat(undefined, {
  hourCycle: "h23",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});

const log = byId("log", HTMLOListElement);
const pending = byId("pending", HTMLOListElement);
const empty = byId("empty", HTMLElement);
const scroll = byId("scroll", HTMLElement);
const nameField = byId("name", HTMLInputElement);
const textField = byId("text", HTMLInputElement);
const state = byId("state", HTMLElement);
const why = byId("why", HTMLElement);
const verdict = byId("verdict", HTMLElement);
const evidence = byId("evidence", HTMLElement);
const counters = Object.fromEntries(
  ["received", "resumes", "round-trip", "lost", "doubled", "gaps"].map((id) => [id, byId(id, HTMLElement)]),
);

const client = createClient({ url: "/eitherway" });
const channel: Channel = client.channel(byId("room", HTMLElement).textContent, { from: "start" }); // the heading names it
const continuity = createContinuity();

let received = 0;
let sent = 0;
let lastSeq = 0;
let shownLinks = 0;
let isLive = false;
let isAtEnd = true;
let isScrolling = false;
/** Own messages that are not in the log yet, by their number. */
const waiting = new Map<number, HTMLElement>();

// --- the log ---

channel.on("message", (data, { id, at, kind }) => {
  const message = readMessage(data, kind);
  showResume(client.status);
  received++;
  lastSeq = seqOf(id);
  const { sender, number } = message;
  if (sender !== undefined && number !== undefined) continuity.take(sender, number, !isLive);
  const isOwn = sender === client.id;
  if (isOwn && number !== undefined) settle(number);

  const { transport } = client.status;
  const row = messageRow(message, element("span", { className: "seq", textContent: String(lastSeq), title: id }), [
    element("span", { className: "via", textContent: transport ? TRANSPORTS[transport] : "" }),
    element("time", { textContent: TIME.format(at), dateTime: new Date(at).toISOString() }),
  ]);
  row.classList.toggle("own", isOwn);
  Object.assign(row.dataset, { id, sender, number });
  append(row);
  renderCounters(client.status);
});

channel.on("live", () => {
  if (isLive) return;
  isLive = true;
  if (received > 0) append(lineRow("Kept messages end here; what follows is live"));
  renderEmpty();
});

channel.on("gap", ({ why, head }) => {
  continuity.gap();
  const at = seqOf(head);
  append(
    warningRow(
      why === "trimmed"
        ? `Gap: ${lastSeq + 1} to ${at} are trimmed and were not received`
        : `Gap: the log is another one now and stands at ${at}`,
    ),
  );
  lastSeq = at;
  renderCounters(client.status);
});

channel.on("error", ({ message }) => append(warningRow(message)));

/** The line that a new link leaves in the log: right where it took over. */
function showResume({ links, transport }: Status): void {
  if (links > shownLinks && shownLinks > 0 && transport) append(lineRow(`Resumed over ${TRANSPORTS[transport]}`));
  shownLinks = links;
}

// --- sending ---

nameField.value = `Guest ${client.id.slice(-3)}`;

byId("composer", HTMLFormElement).addEventListener("submit", (event) => {
  event.preventDefault();
  const text = textField.value.trim();
  textField.value = "";
  if (text !== "") send(text);
});

byId("burst", HTMLButtonElement).addEventListener("click", () => {
  for (let count = 1; count <= BURST; count++) send(`${count} of ${BURST}`);
});

/** Shown at once; the log has the last word. Nothing to do about cuts here: a publish waits through them. */
function send(text: string): void {
  const number = ++sent;
  const message = { text, name: nameField.value.trim() || "Guest", sender: client.id, number };
  const mark = element("span", { className: "via", textContent: "sending" });
  const row = messageRow(message, element("span", { className: "seq", textContent: "·" }), [mark]);
  row.classList.add("own");
  waiting.set(number, row);
  pending.append(row);
  renderEmpty();
  scrollToEnd(true);
  channel.publish(message).then(
    () => {
      mark.textContent = "stored";
    },
    (error: Error) => {
      row.classList.add("failed");
      mark.textContent = `not sent: ${error.message}`;
    },
  );
}

function settle(number: number): void {
  waiting.get(number)?.remove();
  waiting.delete(number);
}

// --- the connection ---

client.on("status", render);
render(client.status);

byId("cut", HTMLButtonElement).addEventListener("click", () => client.reconnect());
byId("transport", HTMLFieldSetElement).addEventListener("change", ({ target }) => {
  if (target instanceof HTMLInputElement) client.use(target.value as TransportChoice); // index.html lists them
});

function render(status: Status): void {
  showResume(status);
  state.dataset.state = status.state;
  setText(state, stateText(status));
  setText(why, status.state === "open" ? status.why : (status.lastError?.message ?? status.why));
  renderCounters(status);
}

function stateText({ state, transport, retryInMs = 0 }: Status): string {
  const over = transport ? ` over ${TRANSPORTS[transport]}` : "";
  switch (state) {
    case "idle":
      return "Starting";
    case "connecting":
      return `Opening${over}`;
    case "open":
      return `Open${over}`;
    case "waiting":
      return `Next attempt in ${(retryInMs / 1_000).toFixed(1)} s`;
    case "asleep":
      return "Asleep";
    case "stopped":
      return "Refused";
    case "closed":
      return "Closed";
  }
}

// --- what holds ---

function renderCounters({ links, gaps, holes, roundTrip }: Status): void {
  const { checked, lost, doubled } = continuity;
  const values: Readonly<Record<string, number | string>> = {
    received,
    resumes: Math.max(0, links - 1),
    "round-trip": roundTrip === undefined ? "–" : `${roundTrip.toFixed(roundTrip < 10 ? 1 : 0)} ms`,
    lost,
    doubled,
    gaps,
  };
  for (const [id, value] of Object.entries(values)) setText(counters[id], String(value));
  const isWhole = lost === 0 && doubled === 0 && holes === 0;
  verdict.dataset.verdict = checked === 0 ? "none" : isWhole ? "whole" : "broken";
  setText(verdict, checked === 0 ? "Nothing to check yet" : isWhole ? WHOLE : BROKEN);
  setText(
    evidence,
    `${checked} ${checked === 1 ? "message" : "messages"} checked by the numbers that their senders gave them`,
  );
}

// --- the document ---

scroll.addEventListener("scroll", () => {
  isAtEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < STICKY_PX;
});
new ResizeObserver(() => scrollToEnd(isAtEnd)).observe(scroll);

/** Once a frame: a thousand messages of history must not lay the page out a thousand times. */
function scrollToEnd(wanted: boolean): void {
  if (!wanted || isScrolling) return;
  isScrolling = true;
  requestAnimationFrame(() => {
    isScrolling = false;
    scroll.scrollTop = scroll.scrollHeight;
  });
}

function append(row: HTMLElement): void {
  log.append(row);
  if (log.childElementCount > MAX_ROWS) log.firstElementChild?.remove();
  renderEmpty();
  scrollToEnd(isAtEnd);
}

function renderEmpty(): void {
  empty.hidden = !isLive || log.childElementCount + pending.childElementCount > 0;
}

function messageRow({ name, text }: Message, position: HTMLElement, rest: readonly HTMLElement[]): HTMLElement {
  const row = element("li", { className: "message" });
  row.append(
    position,
    element("span", { className: "who", textContent: name }),
    element("span", { className: "text", textContent: text.slice(0, MAX_TEXT) }),
    ...rest,
  );
  return row;
}

function lineRow(text: string): HTMLElement {
  return element("li", { className: "line", textContent: text });
}

function warningRow(text: string): HTMLElement {
  return element("li", { className: "line warning", textContent: text });
}

interface Message {
  readonly text: string;
  readonly name: string;
  /** Absent where a message comes from elsewhere, for example from curl. */
  readonly sender?: string;
  readonly number?: number;
}

/** Anybody may publish anything into this room; what is no message of this page is shown as it is. */
function readMessage(data: unknown, kind: string): Message {
  if (data instanceof Uint8Array) return { text: `${data.length} bytes`, name: kind };
  if (typeof data !== "object" || data === null) return { text: String(data), name: kind };
  const { text, name, sender, number } = data as Readonly<Record<string, unknown>>;
  const isNumbered = typeof sender === "string" && typeof number === "number" && Number.isSafeInteger(number);
  return {
    text: typeof text === "string" ? text : JSON.stringify(data),
    name: typeof name === "string" && name !== "" ? name : "outside",
    ...(isNumbered && { sender, number }),
  };
}

function seqOf(id: string): number {
  return parseId(id)?.seq ?? 0;
}
