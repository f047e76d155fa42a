/** Cases of the broker suite: the right to run something once, and its answer. */
import assert from "node:assert/strict";
import { jsonPayload, textPayload } from "../../protocol/index.ts";
import type { BrokerCase } from "./broker-case.ts";

const SCOPE = "room/42 ana";
const LEASE_MS = 10_000;
const MINUTE = 60_000;

export const claimCases: readonly BrokerCase[] = [
  {
    name: "gives a claim to one of many that ask, then its answer to all (P5)",
    async run(broker) {
      const claims = await Promise.all(Array.from({ length: 20 }, () => broker.claim(SCOPE, "k", LEASE_MS)));
      assert.deepEqual(claims.map(({ state }) => state).sort(), [
        "new",
        ...Array.from({ length: 19 }, () => "running"),
      ]);
      const answer = jsonPayload({ done: true });
      await broker.settle(SCOPE, "k", answer);
      assert.deepEqual(await broker.claim(SCOPE, "k", LEASE_MS), { state: "answer", answer });
    },
  },
  {
    name: "keeps the first answer of a claim, whoever settles later (P5)",
    async run(broker) {
      await broker.claim(SCOPE, "k", LEASE_MS);
      await broker.settle(SCOPE, "k", textPayload("first"));
      await broker.settle(SCOPE, "k", textPayload("second"));
      const claim = await broker.claim(SCOPE, "k", LEASE_MS);
      assert.deepEqual(claim, { state: "answer", answer: textPayload("first") });
    },
  },
  {
    name: "keeps the claims of scopes and keys apart (P5)",
    async run(broker) {
      const pairs: readonly [string, string][] = [
        ["a", "b"],
        ["a", "c"],
        ["d", "b"],
        ["a b", "c"],
        ["a", "b c"],
      ];
      for (const [scope, key] of pairs) assert.equal((await broker.claim(scope, key, LEASE_MS)).state, "new");
      for (const [scope, key] of pairs) assert.equal((await broker.claim(scope, key, LEASE_MS)).state, "running");
    },
  },
  {
    name: "gives a claim anew when its lease ended without an answer (P5)",
    time: true,
    async run(broker, advance) {
      await broker.claim(SCOPE, "k", LEASE_MS);
      await advance(LEASE_MS - 1_000);
      assert.equal((await broker.claim(SCOPE, "k", LEASE_MS)).state, "running");
      await advance(2_000);
      assert.equal((await broker.claim(SCOPE, "k", LEASE_MS)).state, "new");
      assert.equal((await broker.claim(SCOPE, "k", LEASE_MS)).state, "running");
    },
  },
  {
    name: "keeps a lease that is longer than the key window, and an answer for the window from when it came (P5, P6)",
    settings: { keyWindowMs: MINUTE },
    time: true,
    async run(broker, advance) {
      await broker.claim(SCOPE, "k", 10 * MINUTE);
      await advance(9 * MINUTE);
      assert.equal((await broker.claim(SCOPE, "k", LEASE_MS)).state, "running");
      await broker.settle(SCOPE, "k", textPayload("done"));
      await advance(MINUTE - 1_000);
      assert.equal((await broker.claim(SCOPE, "k", LEASE_MS)).state, "answer");
      await advance(2_000);
      assert.equal((await broker.claim(SCOPE, "k", LEASE_MS)).state, "new");
    },
  },
];
