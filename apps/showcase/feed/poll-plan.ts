/** When a source is asked again. Pure: no clock, no network. */
export type PollOutcome =
  /** A document, or word that it is still the same. `freshForMs`: the source says that it does not change before. */
  | { readonly kind: "answered"; readonly freshForMs: number }
  /** No answer, or none that is any use. `retryAfterMs`: the source says when to come back, at the earliest. */
  | { readonly kind: "failed"; readonly retryAfterMs: number }
  /** The source says that there will never be anything again. */
  | { readonly kind: "gone" };

export interface PollPace {
  /** Milliseconds between two requests while all is well. */
  readonly everyMs: number;
  /** From 0 to 1. */
  random(): number;
}

/** Pollers that started together do not stay together. */
const SPREAD = 0.1;
const LONGEST_BACKOFF_MS = 60 * 60_000;
/** Nobody sends us away for longer, whatever he says. */
const LONGEST_WAIT_MS = 24 * 60 * 60_000;

/**
 * Milliseconds until the next request; `undefined`: never again.
 *
 * @param failures in a row, this one included
 */
export function waitAfter(outcome: PollOutcome, failures: number, { everyMs, random }: PollPace): number | undefined {
  switch (outcome.kind) {
    case "answered":
      return Math.min(LONGEST_WAIT_MS, Math.max(outcome.freshForMs, everyMs * (1 + SPREAD * random())));
    case "failed": {
      const ceiling = Math.max(everyMs, Math.min(LONGEST_BACKOFF_MS, everyMs * 2 ** failures));
      const backoff = everyMs + (ceiling - everyMs) * random();
      return Math.min(LONGEST_WAIT_MS, Math.max(outcome.retryAfterMs, backoff));
    }
    case "gone":
      return undefined;
  }
}

const MS_PER_SECOND = 1_000;

/** `Retry-After`: seconds or a date. 0 where it is absent or makes no sense. */
export function readRetryAfter(header: string | null, now: number): number {
  if (header === null) return 0;
  const ms = /^\s*[0-9]+\s*$/.test(header) ? Number(header) * MS_PER_SECOND : Date.parse(header) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : 0;
}

/** `max-age` of `Cache-Control`. */
export function readFreshFor(header: string | null): number {
  return Number(/(?:^|[\s,])max-age=([0-9]{1,9})/i.exec(header ?? "")?.[1] ?? 0) * MS_PER_SECOND;
}
