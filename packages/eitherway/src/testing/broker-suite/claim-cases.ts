/** Cases of the broker suite: the right to run something once, and what came of it. */
import assert from "node:assert/strict";
import type { Claim, ClaimRequest, Settlement } from "../../core/index.ts";
import { jsonPayload, textPayload } from "../../protocol/index.ts";
import type { BrokerCase } from "./broker-case.ts";

const SCOPE = "room/42 ana";
const LEASE_MS = 10_000;
const MINUTE = 60_000;
const PRINT = 4711;

const request = (more: Partial<ClaimRequest> = {}): ClaimRequest => ({
  print: PRINT,
  leaseMs: LEASE_MS,
  repeatable: false,
  ...more,
});

const done = (text: string): Settlement => ({ ok: true, answer: textPayload(text) });
const settled = (settlement: Settlement): Claim => ({ state: "settled", settlement });

export const claimCases: readonly BrokerCase[] = [
  {
    name: "gives a claim to one of many that ask, then what came of it to all (P5)",
    async run(broker) {
      const claims = await Promise.all(Array.from({ length: 20 }, () => broker.claim(SCOPE, "k", request())));
      assert.deepEqual(claims.map(({ state }) => state).sort(), [
        "new",
        ...Array.from({ length: 19 }, () => "running"),
      ]);
      const settlement: Settlement = { ok: true, answer: jsonPayload({ done: true }) };
      await broker.settle(SCOPE, "k", settlement);
      assert.deepEqual(await broker.claim(SCOPE, "k", request()), settled(settlement));
    },
  },
  {
    name: "keeps an answer of nothing, and a failure with its details, as they were settled (P5)",
    async run(broker) {
      const settlements: readonly Settlement[] = [
        { ok: true, answer: undefined },
        { ok: true, answer: { kind: "bytes", data: new Uint8Array([0, 255]) } },
        { ok: false, code: "call-failed", message: "sold out", details: '{"name":"sold-out","data":{"left":0}}' },
        { ok: false, code: "call-timeout", message: "too late" },
      ];
      for (const [n, settlement] of settlements.entries()) {
        await broker.claim(SCOPE, `k${n}`, request());
        await broker.settle(SCOPE, `k${n}`, settlement);
        assert.deepEqual(await broker.claim(SCOPE, `k${n}`, request()), settled(settlement));
      }
    },
  },
  {
    name: "keeps the first settlement of a claim, whoever settles later (P5)",
    async run(broker) {
      await broker.claim(SCOPE, "k", request());
      await broker.settle(SCOPE, "k", done("first"));
      await broker.settle(SCOPE, "k", done("second"));
      assert.deepEqual(await broker.claim(SCOPE, "k", request()), settled(done("first")));
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
      for (const [scope, key] of pairs) assert.equal((await broker.claim(scope, key, request())).state, "new");
      for (const [scope, key] of pairs) assert.equal((await broker.claim(scope, key, request())).state, "running");
    },
  },
  {
    name: "tells another body under a key that is known, while it runs and after (P5)",
    async run(broker) {
      const other = request({ print: PRINT + 1 });
      await broker.claim(SCOPE, "k", request());
      assert.deepEqual(await broker.claim(SCOPE, "k", other), { state: "reused" });
      await broker.settle(SCOPE, "k", done("it"));
      assert.deepEqual(await broker.claim(SCOPE, "k", other), { state: "reused" });
      assert.deepEqual(await broker.claim(SCOPE, "k", request()), settled(done("it")));
    },
  },
  {
    name: "says lapsed where a lease ended without an answer, until an answer comes after all (P5)",
    time: true,
    async run(broker, advance) {
      await broker.claim(SCOPE, "k", request());
      await advance(LEASE_MS - 1_000);
      assert.equal((await broker.claim(SCOPE, "k", request())).state, "running");
      await advance(2_000);
      for (let times = 0; times < 2; times++) {
        assert.equal((await broker.claim(SCOPE, "k", request())).state, "lapsed");
      }
      await broker.settle(SCOPE, "k", done("late"));
      assert.deepEqual(await broker.claim(SCOPE, "k", request()), settled(done("late")));
    },
  },
  {
    name: "gives what may be repeated anew when its lease ended, to one of many (P5)",
    time: true,
    async run(broker, advance) {
      const repeatable = request({ repeatable: true });
      await broker.claim(SCOPE, "k", repeatable);
      assert.equal((await broker.claim(SCOPE, "k", repeatable)).state, "running");
      await advance(LEASE_MS + 1_000);
      const claims = await Promise.all(Array.from({ length: 5 }, () => broker.claim(SCOPE, "k", repeatable)));
      assert.deepEqual(
        claims.map(({ state }) => state),
        ["new", ...Array.from({ length: 4 }, () => "running")],
      );
    },
  },
  {
    name: "keeps a lease that is longer than the key window, and an answer for the window from when it came (P5, P6)",
    settings: { keyWindowMs: MINUTE },
    time: true,
    async run(broker, advance) {
      await broker.claim(SCOPE, "k", request({ leaseMs: 10 * MINUTE }));
      await advance(9 * MINUTE);
      assert.equal((await broker.claim(SCOPE, "k", request())).state, "running");
      await broker.settle(SCOPE, "k", done("it"));
      await advance(MINUTE - 1_000);
      assert.equal((await broker.claim(SCOPE, "k", request())).state, "settled");
      await advance(2_000);
      assert.equal((await broker.claim(SCOPE, "k", request())).state, "new");
    },
  },
  {
    name: "remembers a claim that lapsed for the key window after its lease: until then its client was told that it runs (P5)",
    settings: { keyWindowMs: MINUTE },
    time: true,
    async run(broker, advance) {
      await broker.claim(SCOPE, "k", request({ leaseMs: MINUTE - 1_000 }));
      await advance(2 * MINUTE - 2_000);
      assert.equal((await broker.claim(SCOPE, "k", request())).state, "lapsed");
    },
  },
];
