/** Breaks of what becomes of volatile and latest messages on their way. */

/** @type {readonly import("./mutants-list.js").Mutant[]} */
export const mutantsOfDelivery = [
  {
    title: "a volatile message goes to a link that is full",
    file: "core/volatile-runs.ts",
    search: "if (subscriber.full) {",
    replace: "if (false) {",
    tests: ["core/volatile.test.ts"],
  },
  {
    title: "a volatile message goes to who left the channel between two slices",
    file: "core/volatile-runs.ts",
    search: "if (!listeners.isLive(next.value)) continue;",
    replace: "",
    tests: ["core/volatile.test.ts"],
  },
  {
    title: "a gap brings a value that the reader has",
    file: "core/log.ts",
    search: "if (entry.seq <= after || newest.length",
    replace: "if (newest.length",
    tests: ["core/log.test.ts"],
  },
  {
    title: "a reader that is cut off behind a gap has its cursor before what the gap brings",
    file: "protocol/events-framing.ts",
    search: "return encode([frameBlock(frame), ...latest, sseBlock({ id: frame.head })]);",
    replace: "return encode([frameBlock(frame, frame.head), ...latest]);",
    tests: ["protocol/framings.test.ts"],
  },
];
