/** A comparison as one page to send to others: nothing is loaded, no script is needed, and the numbers themselves are in it. */
import { createHash } from "node:crypto";
import {
  type Comparison,
  conclusions,
  FALSE_ALARMS,
  type Figure,
  LEAST_DIFFERENCE,
  type Made,
  ROW_TITLES,
  type Row,
  type Side,
} from "../../instrument/index.ts";
import { roundsPlot, tailPlot } from "./html-plots.ts";
import { REPORT_STYLE } from "./html-style.ts";
import { browserTable, faultsTable, figuresTable, glanceTable, PERCENTILE, tailsTable } from "./html-tables.ts";
import { type Content, html, jsonScript, Markup } from "./markup.ts";

/** The whole text of an HTML file. All that comes from the comparison is escaped. */
export function renderHtml(comparison: Comparison): string {
  const title = titleOf(comparison.sides);
  return `<!doctype html>
${html`<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="color-scheme" content="light dark">
<title>${comparison.made.partial !== undefined && "Partial: "}${title}</title>
<style>${new Markup(REPORT_STYLE)}</style>
</head>
<body>
<main>
${header(title, comparison.made)}
${summary(comparison)}
${glances(comparison)}
${(Object.keys(ROW_TITLES) as Row[]).map((row) => section(row, comparison))}
${method()}
${repeat(comparison)}
</main>
${jsonScript("comparison", comparison)}
</body>
</html>`}
`;
}

/** Even if something were not escaped, it could neither run nor load anything. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(REPORT_STYLE).digest("base64")}'; base-uri 'none'; form-action 'none'`;

function titleOf(sides: readonly Side[]): string {
  const names = sides.map(({ name }) => name);
  return names.length === 2 ? `${names[0]} or ${names[1]}?` : `${LIST.format(names)} compared`;
}

const LIST = new Intl.ListFormat("en-GB", { type: "conjunction" });

function header(title: string, { at, machine, between, shape, plan, rounds, seconds, partial }: Made): Markup {
  const facts: readonly (readonly [string, Content])[] = [
    ["Measured", html`<time datetime="${at}">${dateText(at)}</time>`],
    ["Between", between],
    ["Network", shape ?? "as it is, nothing was added"],
    ["Machine", machine],
    ["Plan", `${plan}: ${rounds} ${rounds === 1 ? "round" : "rounds"} of each side in ${Math.round(seconds)} s`],
  ];
  return html`<header>
<h1>${title}</h1>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${
  partial !== undefined &&
  html`<p class="partial" role="note"><strong>Partial result:</strong> ${partial}. What was measured until then is shown; fewer rounds find fewer differences.</p>`
}
</header>`;
}

const DATE = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "short", timeZone: "UTC" });

function dateText(at: string): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? at : `${DATE.format(date)} UTC`;
}

function summary(comparison: Comparison): Markup {
  const sentences = conclusions(comparison);
  const content =
    sentences.length === 0
      ? html`<p>Nothing was measured.</p>`
      : html`<ul class="conclusions">${sentences.map((sentence) => html`<li>${unbroken(sentence)}</li>`)}</ul>
<p class="about">p50 is what half of the messages took at most, p95 what 95 of 100 took at most.</p>`;
  return html`<section class="summary"><h2>What came out</h2>${content}</section>`;
}

/** Keeps a number and its unit on one line. */
function unbroken(sentence: string): string {
  return sentence.replace(/([0-9]) (?=%|ms|µs|s\b|k?B\b)/g, "$1\u00a0");
}

function glances({ sides, figures }: Comparison): Markup | undefined {
  const [first, ...others] = sides;
  const tables = first ? others.flatMap((side) => glanceTable(figures, first, side) ?? []) : [];
  if (!first || tables.length === 0) return undefined;
  return html`<section><h2>At a glance</h2>
<p>Each bar is where the ratio to ${first.name} lies: to the right is more of it, to the left is less. A bar that touches “equal” is no difference; the longer it is, the less the rounds could tell.</p>
${key([
  ["better", "better than", first.name],
  ["worse", "worse than", first.name],
  ["even", "no difference shown", ""],
])}
${tables}</section>`;
}

function key(entries: readonly (readonly [kind: string, words: string, name: string])[]): Markup {
  return html`<ul class="key">${entries.map(([kind, words, name]) => html`<li class="${kind}">${words} ${name}</li>`)}</ul>`;
}

/** What each row of the table that people choose by asks. */
const QUESTIONS: Readonly<Record<Row, string>> = {
  direction: "How long do messages take, each way, and how many get through?",
  protocol: "What does a connection cost: to open, to keep, and for each message?",
  format: "What does the same payload come to on the wire?",
  browser: "How many connections does a browser keep open to one server?",
  reconnection: "What happens to messages when the network or the server fails?",
};

function section(row: Row, comparison: Comparison): Markup {
  const { figures, sides, made } = comparison;
  const own = figures.filter((figure) => figure.row === row);
  const content: readonly (Markup | undefined)[] = [
    own.length > 0
      ? figuresTable(`${ROW_TITLES[row]}: median, middle half of the rounds, verdict`, own, sides)
      : undefined,
    plots(own, sides),
    tails(own, sides),
    row === "browser" && comparison.browser ? browserTable(comparison.browser) : undefined,
    row === "reconnection" && comparison.faults.length > 0 ? faults(comparison) : undefined,
  ];
  const isEmpty = content.every((part) => part === undefined);
  return html`<section><h2>${ROW_TITLES[row]}</h2><p class="question">${QUESTIONS[row]}</p>
${isEmpty ? html`<p class="nothing">Not measured (plan “${made.plan}”).</p>` : content}</section>`;
}

function plots(figures: readonly Figure[], sides: readonly Side[]): Markup | undefined {
  const drawn = figures.flatMap((figure) => {
    const plot = figure.judged ? roundsPlot(figure, sides) : undefined;
    return plot ? [html`<figure><figcaption>${figure.title}</figcaption>${plot}</figure>`] : [];
  });
  if (drawn.length === 0) return undefined;
  return html`<h3>Round by round</h3>
<p>Each dot is a round, the upright stroke their median. The bar below is where the verdict puts the median of that side: if it crosses the dashed line, the median of ${sides[0]?.name}, no difference was shown. Equal lengths are equal ratios.</p>
<div class="plots">${drawn}</div>`;
}

function tails(figures: readonly Figure[], sides: readonly Side[]): Markup | undefined {
  const numbers = tailsTable(figures, sides);
  if (!numbers) return undefined;
  const drawn = figures.flatMap((figure) => {
    const plot = tailPlot(figure, sides);
    return plot ? [html`<figure><figcaption>${figure.title.replace(PERCENTILE, "")}</figcaption>${plot}</figure>`] : [];
  });
  return html`<h3>Slow messages</h3>
<p>Over all messages of all rounds. Of 100 messages 50 took p50 or less, 95 took p95 or less, 99 took p99 or less.</p>
${key(["p50", "p95", "p99", "max"].map((point) => [point, point, ""] as const))}
<div class="plots">${drawn}</div>
${numbers}`;
}

function faults({ faults, sides }: Comparison): Markup {
  return html`<p>“Noticed” counts from the fault, “back” from the moment when the way was free again. A gap that was told is a loss that the program knows about and can repair; a loss without one is silent.</p>
${faultsTable(faults, sides)}`;
}

const PERCENT = 100;

function method(): Markup {
  return html`<section><h2>How this was judged</h2>
<p>In each round every side did the same work, one right after the other and in changing order, so that what slows the machine or the network down slows all of them. A verdict looks at the ratio of two sides within each round: the interval between two order statistics of these ratios holds their median, whatever their distribution. A difference is called one only if that interval leaves out “equal” and the middle ratio is off by at least ${PERCENT * LEAST_DIFFERENCE} %; of whole comparisons of equal sides, at most ${PERCENT * FALSE_ALARMS} % find one in any figure. Figures without a verdict are counted, measured once, or too rough to be judged.</p></section>`;
}

const INDENT = 2;

function repeat(comparison: Comparison): Markup {
  const { command } = comparison.made;
  const data = Buffer.from(JSON.stringify(comparison, undefined, INDENT)).toString("base64");
  return html`<section><h2>Repeat it, or go on with the numbers</h2>
${command !== undefined && html`<p>The same again:</p><pre><code>${command}</code></pre>`}
<p><a href="data:application/json;base64,${data}" download="comparison.json">Download the numbers as JSON</a>: every round of every figure, in the form “${comparison.form}”.</p></section>`;
}
