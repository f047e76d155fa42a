/** What to do about it: the sentences at the top of the page. The numbers behind them: `conclusions` of the instrument. */
import { type Comparison, formatValue, type Side } from "eitherway/instrument";
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
  const delivery = compareDelivery(comparison);
  if (!delivery) return "Too few rounds for a verdict. Measure again, and let it come to its end.";
  const says = [delivery.says, compareSending(comparison)].filter(Boolean).join("; ");
  return `On this network ${says}. ${choice(version, delivery.take)}`;
}

/** It was measured, and nothing was found that a person would feel. */
function isGood({ figures, findings }: Comparison, side: string): boolean {
  const isMeasured = figures.some(({ values }) => values[side]);
  return isMeasured && !findings.some((finding) => finding.side === side && HURTS.has(finding.id));
}

const HURTS: ReadonlySet<string> = new Set(["refused", "buffering"]);

function complaint({ findings }: Comparison, { id, name }: Side): string {
  const isHeld = findings.some((finding) => finding.side === id && finding.id === "buffering");
  return isHeld ? `${name} is held back` : `${name} does not get through`;
}

interface Delivery {
  readonly says: string;
  /** The quicker one, where a person would notice. */
  readonly take?: string;
}

/** Two frames of a screen: whatever is sooner is drawn together. */
const NOTICED_MS = 33;

/** `undefined`: too few rounds. Both are compared with the first side, which is WebSocket wherever it gets through. */
function compareDelivery({ figures }: Comparison): Delivery | undefined {
  const figure = figures.find(({ id }) => id === "delivery.p50");
  const [ws, sse] = [figure?.values.ws, figure?.values.sse];
  if (!ws || !sse?.verdict || sse.verdict.outcome === "unjudged") return undefined;
  if (sse.verdict.outcome === "none") return { says: "WebSocket and SSE deliver equally fast" };
  const [quicker, slower] = sse.verdict.outcome === "less" ? ["SSE", "WebSocket"] : ["WebSocket", "SSE"];
  const apart = Math.abs(ws.summary.median - sse.summary.median);
  const says = `${quicker} delivers faster than ${slower}, by ${formatValue(apart, "ms")}`;
  return apart < NOTICED_MS ? { says: `${says}, which nobody sees` } : { says, take: quicker };
}

function compareSending({ figures }: Comparison): string | undefined {
  const figure = figures.find(({ id }) => id === "upstream.rate");
  const [ws, sse] = [figure?.values.ws, figure?.values.sse];
  if (!figure || !ws || sse?.verdict?.outcome !== "less") return undefined;
  const [more, less] = [ws, sse].map(({ summary }) => formatValue(summary.median, figure.unit));
  return `one tab sends ${more} messages over WebSocket and ${less} over SSE`;
}

/** As `transport: "auto"` does it, but for a stream that is noticeably quicker. */
function choice(version: HttpVersion | undefined, quicker: string | undefined): string {
  if (quicker) return `Take ${quicker}.`;
  return version === "HTTP/2" || version === "HTTP/3"
    ? "Take either: SSE is enough for pages that listen, WebSocket is better for pages that send much."
    : "Take WebSocket: without HTTP/2 each SSE tab keeps one of the browser's six connections busy.";
}

function listed(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items.at(-1)}`;
}
