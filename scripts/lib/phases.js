/** How scripts report: one line per phase with its time, and an end that says what went wrong. */

/** A failure that is told in its own words, without a stack. */
export class Stop extends Error {}

/**
 * @template T
 * @param {string} title
 * @param {() => Promise<T>} work
 */
export async function phase(title, work) {
  const started = performance.now();
  const result = await work();
  console.log(`${title.padEnd(TITLE_WIDTH)} ${seconds(performance.now() - started)}`);
  return result;
}

/** @param {number} ms */
export function seconds(ms) {
  return `${(ms / 1000).toFixed(1).padStart(6)} s`;
}

/**
 * The body of a script: a {@link Stop} becomes its sentence and exit code 1.
 * @param {() => Promise<void>} body
 */
export async function script(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof Stop ? error.message : error);
    process.exitCode = 1;
  }
}

export const TITLE_WIDTH = 34; // the longest title in use
