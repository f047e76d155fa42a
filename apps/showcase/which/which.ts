/**
 * "Which transport?": measures from this browser to this server through whatever lies between, and says what that means. This file
 * is the page; what it measures is in which/measure.ts.
 */
import { type Comparison, conclusions } from "eitherway/instrument";
import { mountHeader } from "../frame/header.tsx";
import { advise } from "./advice.ts";
import { byId, element, setText } from "./document.ts";
import { measure, type Run } from "./measure.ts";
import { plotOf } from "./plot.ts";
import { httpVersion, meaningOf } from "./surroundings.ts";
import { cutTable, figureTable } from "./tables.ts";

mountHeader(byId("header", HTMLElement));

const JSON_INDENT = 2;
const CANNOT_MEASURE =
  "Nothing could be measured: the server takes no messages. Look whether it still runs and whether this page is from it, then start again.";
const OFFLINE = "This device is offline. Connect it, then start again.";

const start = byId("start", HTMLButtonElement);
const stop = byId("stop", HTMLButtonElement);
const progress = byId("progress", HTMLProgressElement);
const doing = byId("doing", HTMLElement);
const advice = byId("advice", HTMLElement);
const reasons = byId("reasons", HTMLUListElement);
const partial = byId("partial", HTMLElement);
const results = byId("results", HTMLElement);
const figures = byId("figures", HTMLTableElement);
const plots = byId("plots", HTMLElement);
const cut = byId("cut", HTMLElement);
const cuts = byId("cuts", HTMLTableElement);
const cutSays = byId("cut-says", HTMLElement);
const http = byId("http", HTMLElement);
const exports = byId("exports", HTMLElement);

setText(http, meaningOf(httpVersion()));

let running: AbortController | undefined;
let last: Comparison | undefined;

start.addEventListener("click", () => void run());
stop.addEventListener("click", () => running?.abort("stopped by hand"));
// Browsers slow the timers of pages that nobody sees, and with them what is measured.
document.addEventListener("visibilitychange", () => {
  if (document.hidden)
    running?.abort("stopped, because the page was in the background, where browsers slow pages down");
});
window.addEventListener("offline", () => running?.abort("stopped, because the device went offline"));

async function run(): Promise<void> {
  if (!navigator.onLine) return setText(advice, OFFLINE);
  running = new AbortController();
  const { signal } = running;
  begin();
  try {
    showEnd(await measure({ signal, tell, onRun: showFigures }));
  } catch (thrown) {
    const why = signal.aborted ? "Stopped before anything was measured." : `${CANNOT_MEASURE} (${String(thrown)})`;
    setText(advice, why);
  } finally {
    running = undefined;
    end();
  }
}

function begin(): void {
  start.hidden = true;
  stop.hidden = false;
  stop.focus(); // where the focus was is gone
  progress.hidden = false;
  partial.hidden = true;
  exports.hidden = true;
  cut.hidden = true;
  reasons.replaceChildren();
  results.hidden = true;
  setText(advice, "Measuring. The figures appear as they come.");
}

function end(): void {
  const hadFocus = document.activeElement === stop;
  start.hidden = false;
  setText(start, "Measure again");
  stop.hidden = true;
  if (hadFocus) start.focus();
  progress.hidden = true;
  setText(doing, "");
}

function tell(what: string, done: number): void {
  setText(doing, what);
  progress.value = done;
}

function showFigures({ comparison, clocks }: Run): void {
  const { sides } = comparison;
  results.hidden = comparison.figures.length === 0;
  figures.replaceChildren(...figureTable(comparison, clocks));
  plots.replaceChildren(...comparison.figures.filter(({ judged }) => judged).map((figure) => plotOf(figure, sides)));
}

function showEnd(run: Run): void {
  const { comparison } = run;
  last = comparison;
  showFigures(run);
  const version = httpVersion();
  setText(advice, advise(comparison, version));
  reasons.replaceChildren(...conclusions(comparison).map((textContent) => element("li", { textContent })));
  partial.hidden = comparison.made.partial === undefined;
  setText(partial, `Partial: ${comparison.made.partial} after ${comparison.made.rounds} rounds.`);
  cut.hidden = comparison.faults.length === 0;
  cuts.replaceChildren(...cutTable(comparison));
  setText(cutSays, sayCut(comparison));
  exports.hidden = false;
}

function sayCut({ faults }: Comparison): string {
  const isWhole = faults.every(({ lost, doubled, gaps, recoveredMs }) => lost + doubled + gaps === 0 && recoveredMs);
  return isWhole
    ? "Nothing was lost or doubled: each transport went on exactly where it was cut."
    : "Something was lost or doubled, or did not come back in time: the table says where.";
}

byId("export", HTMLButtonElement).addEventListener("click", () => {
  if (!last) return;
  const blob = new Blob([`${JSON.stringify(last, null, JSON_INDENT)}\n`], { type: "application/json" });
  const href = URL.createObjectURL(blob);
  element("a", { href, download: `which-transport-${last.made.at.replaceAll(":", "-")}.json` }).click();
  URL.revokeObjectURL(href);
});

const copy = byId("copy", HTMLButtonElement);
copy.addEventListener("click", () => {
  const lines = [advice.textContent, ...[...reasons.children].map(({ textContent }) => `- ${textContent}`)];
  navigator.clipboard.writeText(`${lines.join("\n")}\n`).then(
    () => setText(copy, "Copied"),
    () => setText(copy, "The browser does not let pages copy"),
  );
});
