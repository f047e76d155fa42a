/** Assertions for code that runs millions of times: `if (wrong) fail(sentence)`, so that a sentence is made only when it is needed. */

/** Ends the run. The sentence names the promise that was broken. */
export function fail(sentence: string): never {
  throw new Error(sentence);
}
