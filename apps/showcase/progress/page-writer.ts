/**
 * Answers where no model is configured: a small program that picks sentences by the words of the question, and writes them at the pace
 * of a model. The same question gets the same answer.
 */
import { SENTENCES } from "./sentences.ts";
import { wait } from "./wait.ts";
import type { Writer } from "./writer.ts";

const SENTENCES_IN_ALL = 28;
const SENTENCES_OF_A_PARAGRAPH = 4;
/** Between two words: models write 20 to 60 a second. */
const PACE_MS = { least: 20, spread: 40 };

export const pageWriter: Writer = {
  by: "Written by a small program of this page, not by a model.",
  async *write(question, signal) {
    const random = createRandom(question);
    for (const word of compose(question).split(/(?<=\s)(?=\S)/)) {
      await wait(PACE_MS.least + random() * PACE_MS.spread, signal);
      yield word;
    }
  },
};

/** The whole answer: what shares most words with the question comes first. */
export function compose(question: string): string {
  const asked = wordsOf(question);
  const random = createRandom(question);
  const ranked = SENTENCES.map((sentence) => ({ sentence, rank: shared(asked, wordsOf(sentence)) + random() }))
    .sort((one, other) => other.rank - one.rank)
    .slice(0, SENTENCES_IN_ALL)
    .map(({ sentence }) => sentence);
  return paragraphs(ranked).join("\n\n");
}

function paragraphs(sentences: readonly string[]): readonly string[] {
  const count = Math.ceil(sentences.length / SENTENCES_OF_A_PARAGRAPH);
  return Array.from({ length: count }, (_, index) => {
    const first = index * SENTENCES_OF_A_PARAGRAPH;
    return sentences.slice(first, first + SENTENCES_OF_A_PARAGRAPH).join(" ");
  });
}

/** Words of three letters and less say little. */
function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().match(/\p{L}{4,}|sse/gu));
}

function shared(asked: ReadonlySet<string>, words: ReadonlySet<string>): number {
  return [...asked].filter((word) => words.has(word)).length;
}

/** From 0 to 1, the same row for the same seed: FNV-1a makes a number of it, mulberry32 goes on from there. */
function createRandom(seed: string): () => number {
  let state = 0x811c9dc5;
  for (const character of seed) state = Math.imul(state ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
