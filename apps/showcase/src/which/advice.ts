/** What to do about it: the sentences at the top of the page. The numbers behind them: `conclusions` of the instrument. */
import { type Comparison, formatRatio, formatValue, type Side } from "eitherway/instrument";
import type { HttpVersion } from "./surroundings.ts";

/** One to three sentences. */
export function advise(comparison: Comparison, version: HttpVersion | undefined): string {
  const able = comparison.sides.filter(({ id }) => isGood(comparison, id));
  const [best] = able;
  if (!best) return "Nothing gets through in a useful way. The findings below say what stands in the way.";
  const hurt = comparison.sides.filter((side) => !able.includes(side));
  if (hurt.length > 0) {
    const complaints = hurt.map((side) => complaint(comparison, side));
    return `On this network ${listed(complaints)}. Take ${best.name} here, or mend what the findings name.`;
  }
  const speed = compareDelivery(comparison);
  if (!speed) return "Too few rounds for a verdict. Measure again, and let it come to its end.";
  return `On this network ${[speed, compareSending(comparison)].filter(Boolean).join("; ")}. ${choice(version)}`;
}

/** It was measured, and nothing was found that a person would feel. */
function isGood({ figures, findings }: Comparison, side: string): boolean {
  const isMeasured = figures.some(({ values }) => values[side]);
  return isMeasured && !findings.some((finding) => finding.side === side && HURTS.has(finding.id));
}

const HURTS: ReadonlySet<string> = new Set(["refused", "buffering", "failed"]);

function complaint({ findings }: Comparison, { id, name }: Side): string {
  const isHeld = findings.some((finding) => finding.side === id && finding.id === "buffering");
  return isHeld ? `${name} is held back` : `${name} does not get through`;
}

/** Both are compared with the first side, which is WebSocket wherever it gets through. */
function compareDelivery({ figures }: Comparison): string | undefined {
  const verdict = figures.find(({ id }) => id === "delivery.p50")?.values.sse?.verdict;
  switch (verdict?.outcome) {
    case undefined:
    case "unjudged":
      return undefined;
    case "none":
      return "WebSocket and SSE deliver equally fast";
    case "less":
      return `SSE delivers faster than WebSocket: it takes ${formatRatio(verdict.ratio)} time`;
    case "more":
      return `WebSocket delivers faster than SSE, which takes ${formatRatio(verdict.ratio)} time`;
  }
}

function compareSending({ figures }: Comparison): string | undefined {
  const figure = figures.find(({ id }) => id === "upstream.rate");
  const [ws, sse] = [figure?.values.ws, figure?.values.sse];
  if (!figure || !ws || sse?.verdict?.outcome !== "less") return undefined;
  const [more, less] = [ws, sse].map(({ summary }) => formatValue(summary.median, figure.unit));
  return `one tab sends ${more} messages over WebSocket and ${less} over SSE`;
}

/** As `transport: "auto"` does it. */
function choice(version: HttpVersion | undefined): string {
  return version === "HTTP/2" || version === "HTTP/3"
    ? "Take either: SSE is enough for pages that listen, WebSocket is better for pages that send much."
    : "Take WebSocket: without HTTP/2 each SSE tab keeps one of the browser's six connections busy.";
}

function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
