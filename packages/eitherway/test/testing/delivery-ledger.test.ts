import { expect, test } from "vitest";
import { formatId } from "../../src/protocol/index.ts";
import { createDeliveryLedger } from "../../src/testing/index.ts";

const EPOCH = "m8x2k1b7cq0z";
const OTHER_EPOCH = "m8x2k1b7c4f1";
const THIRD_EPOCH = "m8x2k1b7d0a2";
const GOOD = { declared: 0, lost: 0, doubled: 0, disordered: 0, altered: 0, strange: 0, findings: [] };

function id(seq: number, epoch = EPOCH): string {
  return formatId(epoch, seq);
}

/** A ledger with three acknowledged messages and one reader. */
function withThree() {
  const ledger = createDeliveryLedger();
  const reader = ledger.reader("ana", "a");
  for (const seq of [1, 2, 3]) ledger.acked("a", id(seq), `m${seq}`);
  return { ledger, reader };
}

test("all delivered once and in order is a clean verdict, also when deliveries come before the acknowledgement", () => {
  const ledger = createDeliveryLedger();
  const reader = ledger.reader("ana", "a");
  reader.received(id(1), "m1");
  ledger.acked("a", id(1), "m1");
  expect(ledger.complete).toBe(true);
  ledger.acked("a", id(2), "m2");
  expect(ledger.complete).toBe(false);
  reader.received(id(2), "m2");
  expect(ledger.complete).toBe(true);
  expect(ledger.verdict()).toEqual({ ...GOOD, expected: 2, received: 2 });
});

test("each reader counts for itself, and only on its channel", () => {
  const { ledger, reader } = withThree();
  ledger.reader("bo", "a");
  ledger.reader("cy", "b");
  for (const seq of [1, 2, 3]) reader.received(id(seq), `m${seq}`);
  expect(ledger.verdict()).toMatchObject({ expected: 6, received: 3, lost: 3 });
});

test("lost: by id", () => {
  const { ledger, reader } = withThree();
  reader.received(id(1), "m1");
  reader.received(id(3), "m3");
  expect(ledger.verdict()).toEqual({
    ...GOOD,
    expected: 3,
    received: 2,
    lost: 1,
    findings: [`lost: ana on a, ${EPOCH} seq 2 (m2)`],
  });
});

test("doubled: the same id again, in order or late", () => {
  const { ledger, reader } = withThree();
  for (const seq of [1, 1, 2, 3, 2]) reader.received(id(seq), `m${seq}`);
  expect(ledger.verdict()).toMatchObject({ lost: 0, doubled: 2, disordered: 0 });
});

test("disordered: a first time, but late", () => {
  const { ledger, reader } = withThree();
  for (const seq of [1, 3, 2]) reader.received(id(seq), `m${seq}`);
  expect(ledger.verdict()).toMatchObject({ lost: 0, doubled: 0, disordered: 1 });
});

test("altered: the right id with another content", () => {
  const { ledger, reader } = withThree();
  for (const seq of [1, 2, 3]) reader.received(id(seq), seq === 2 ? "m3" : `m${seq}`);
  expect(ledger.verdict()).toMatchObject({ lost: 0, altered: 1, strange: 0 });
});

test("strange: an id without a receipt, as from a publish that was applied twice", () => {
  const { ledger, reader } = withThree();
  for (const seq of [1, 2, 3, 4]) reader.received(id(seq), `m${Math.min(seq, 3)}`);
  expect(ledger.verdict()).toMatchObject({ lost: 0, strange: 1 });
});

test("a publish of unknown outcome may be there or not", () => {
  const { ledger, reader } = withThree();
  ledger.uncertain("a", "perhaps");
  ledger.uncertain("a", "perhaps not");
  for (const seq of [1, 2, 3]) reader.received(id(seq), `m${seq}`);
  reader.received(id(4), "perhaps");
  expect(ledger.verdict()).toMatchObject({ expected: 3, lost: 0, strange: 0 });
});

test("a gap declares what is missing up to its head, and nothing else", () => {
  const { ledger, reader } = withThree();
  reader.received(id(1), "m1");
  reader.gap(id(2));
  expect(ledger.complete).toBe(false);
  expect(ledger.verdict()).toMatchObject({ expected: 2, declared: 1, lost: 1 });
  reader.received(id(3), "m3");
  expect(ledger.complete).toBe(true);
  expect(ledger.verdict()).toMatchObject({ expected: 2, declared: 1, lost: 0 });
});

test("a gap to another epoch declares the rest of the old one", () => {
  const { ledger, reader } = withThree();
  reader.received(id(1), "m1");
  reader.gap(id(1, OTHER_EPOCH));
  ledger.acked("a", id(1, OTHER_EPOCH), "n1");
  ledger.acked("a", id(2, OTHER_EPOCH), "n2");
  reader.received(id(2, OTHER_EPOCH), "n2");
  expect(ledger.verdict()).toMatchObject({ expected: 2, received: 2, declared: 3, lost: 0 });
});

test("a gap to another epoch declares also what of the old one is acknowledged only afterwards", () => {
  const { ledger, reader } = withThree();
  for (const seq of [1, 2, 3]) reader.received(id(seq), `m${seq}`);
  reader.gap(id(4, OTHER_EPOCH));
  ledger.acked("a", id(4), "m4");
  expect(ledger.verdict()).toMatchObject({ expected: 3, received: 3, declared: 1, lost: 0 });
});

test("a gap declares an epoch whole that came and went meanwhile, and none that is still there", () => {
  const { ledger, reader } = withThree();
  for (const seq of [1, 2, 3]) reader.received(id(seq), `m${seq}`);
  ledger.acked("a", id(4, OTHER_EPOCH), "n4");
  expect(ledger.verdict()).toMatchObject({ declared: 0, lost: 1 });
  reader.gap(id(4, THIRD_EPOCH));
  ledger.acked("a", id(5, THIRD_EPOCH), "o5");
  reader.received(id(5, THIRD_EPOCH), "o5");
  expect(ledger.verdict()).toMatchObject({ expected: 4, received: 4, declared: 1, lost: 0 });
});
