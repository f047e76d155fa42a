/** What the soak asks of its server's process, and the messages that it sends through it. */
import type { HubStats } from "../../src/core/index.ts";

/** What the server is asked, and what it answers. */
export interface SoakServer {
  start(options: { readonly seed: number; readonly kept: number }): Promise<{ readonly url: string }>;
  /** Resets so many random connections in the middle of whatever they do, and says how many there were. */
  cut(options: { readonly count: number }): Promise<number>;
  /**
   * Waits for the last link to end, lets `forgetMs` pass, publishes to a channel, so that the broker lets go of what is over,
   * collects, and tells what is left.
   */
  rest(options: { readonly forgetMs: number; readonly channel: string }): Promise<Remains>;
  stop(): Promise<void>;
}

export interface Remains {
  readonly stats: HubStats;
  readonly heapBytes: number;
}

/** A message as the soak sends it; all have the same length, so that a full log of them has one size. */
export function soakMessage(n: number): { readonly n: number; readonly text: string } {
  return { n: FIRST_NUMBER + n, text: "as long as the messages of a usual chat are" };
}

export function numberOf(data: unknown): number {
  return (data as { n: number }).n - FIRST_NUMBER;
}

/** Seven digits, whatever is added. */
const FIRST_NUMBER = 1_000_000;

export interface Question {
  readonly id: number;
  readonly ask: keyof SoakServer;
  readonly options: never;
}

export interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}
