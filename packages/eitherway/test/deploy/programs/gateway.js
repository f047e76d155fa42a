/** A gateway's networks: a process of their own, for what passes here must not wait for a test with 1,500 clients. */
import process from "node:process";
import { createFaultNetwork } from "eitherway/testing";

/** @type {readonly number[]} */
const targets = JSON.parse(process.argv[2] ?? "[]");
const ways = await Promise.all(targets.map((target) => createFaultNetwork({ target })));

const deeds = {
  mute() {
    for (const way of ways) way.set({ kind: "buffering", bytes: Number.POSITIVE_INFINITY });
  },
  hold() {
    for (const way of ways) {
      way.set({ kind: "half-open" }); // those that are open, which stay so
      way.set({ kind: "blackhole" });
    }
  },
  cut() {
    for (const way of ways) {
      way.set({ kind: "refuse" });
      way.cutAll();
    }
  },
  heal() {
    for (const way of ways) way.set({ kind: "none" });
  },
};

process.on("message", (/** @type {keyof typeof deeds} */ deed) => {
  deeds[deed]();
  process.send?.("done");
});
process.on("disconnect", () => process.exit(0)); // the test is over
process.send?.(ways.map(({ port }) => port));
