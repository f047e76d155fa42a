/** The page that finds out how much a browser keeps open: it posts its answer, and is told where to go on. */

export type Question = "streams" | "sockets" | "tabs";

export interface Limits {
  /** Most that are asked for. */
  readonly most: number;
  /** What does not open within that time, nor in ten times as long as the slowest one before it took, does not open. */
  readonly patienceMs: number;
}

/** A tab is a process to start, and a busy machine may take seconds for one. */
const SLOWER_MOST = 10;

/** Where a tab opens the stream that it holds. */
const TAB_PATH = "/tab";
export const RESULT_PATH = "/result";
const EVENTS = "/eitherway/events?channel=browser";

export function limitsPage(question: Question, { most, patienceMs }: Limits): string {
  return page(`
const opens = ${OPENERS[question]};
const within = (promise, ms) => Promise.race([promise, new Promise((_, no) => setTimeout(no, ms, "late"))]);
const held = [];
let open = 0;
let slowest = ${patienceMs}; // of the first one nothing is known yet
while (open < ${most}) {
  const one = opens();
  held.push(one);
  const began = performance.now();
  try { await within(one.open, Math.max(${patienceMs}, slowest * ${SLOWER_MOST})) } catch { break }
  const took = performance.now() - began;
  slowest = open === 0 ? took : Math.max(slowest, took);
  open++;
}
for (const one of held) one.close();
const next = await (await fetch("${RESULT_PATH}", { method: "POST", body: JSON.stringify({ open }) })).text();
if (next !== "") location.href = next;`);
}

/** Says that it is there once its own stream is open. */
export function tabPage(): string {
  return page(`
const stream = new EventSource("${EVENTS}");
stream.onopen = () => window.opener.postMessage("open", "*");`);
}

const OPENERS: Readonly<Record<Question, string>> = {
  streams: `() => {
    const stream = new EventSource("${EVENTS}");
    return { open: new Promise((yes, no) => { stream.onopen = yes; stream.onerror = no }), close: () => stream.close() };
  }`,
  sockets: `() => {
    const socket = new WebSocket(location.origin.replace("http", "ws") + "/eitherway", "eitherway.v1.json");
    return { open: new Promise((yes, no) => { socket.onopen = yes; socket.onerror = no }), close: () => socket.close() };
  }`,
  tabs: `() => {
    const tab = window.open("${TAB_PATH}");
    const open = new Promise((yes) => addEventListener("message", ({ source }) => { if (source === tab) yes() }));
    return { open, close: () => tab.close() };
  }`,
};

function page(script: string): string {
  return `<!doctype html><meta charset="utf-8"><title>How much may be open?</title><script type="module">${script}</script>`;
}
