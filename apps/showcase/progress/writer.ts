/** Whoever answers questions. */
export interface Writer {
  /** For people: the answer stands under this label. */
  readonly by: string;
  /** Pieces of the answer as they are written. Ends, or throws, soon after the signal aborts. */
  write(question: string, signal: AbortSignal): AsyncIterable<string>;
}
