import { describe, expect, test } from "vitest";
import { playFaults } from "../../src/cli/compare/faults.ts";
import type { PathSide } from "../../src/cli/compare/rounds.ts";
import type { FaultOutcome } from "../../src/instrument/index.ts";
import { pathOf, withMessages } from "./support.ts";

/** Its half-open connection is found out after 35 s: too long for a test that others wait for. */
const QUICK = ["ws", "sse", "sse-h2"] as const;
const TIMES = { closedMs: 1_500, patienceMs: 20_000, lateMs: 5_000 };

function sideOf(id: (typeof QUICK)[number]): PathSide {
  const path = pathOf(id);
  return { id, name: path.name, path };
}

const outcomes = playFaults({
  sides: [...QUICK.map(sideOf), { ...sideOf("ws"), id: "forgetful", path: forgetful(sideOf("ws").path) }],
  signal: new AbortController().signal,
  ...TIMES,
});

async function outcomeOf(fault: string, side: string): Promise<FaultOutcome> {
  const found = (await outcomes).find((one) => one.fault === fault && one.side === side);
  if (!found) throw new Error(`there is no outcome of ${fault} for ${side}`);
  return found;
}

describe.each(QUICK)("%s", (side) => {
  test.each(["cut", "half-open", "blackhole", "buffering"])(
    "loses nothing by %s (P2)",
    async (fault) => {
      const { sent, lost, doubled, gaps, recoveredMs } = await outcomeOf(fault, side);
      expect({ lost, doubled, gaps }).toEqual({ lost: 0, doubled: 0, gaps: 0 });
      expect(sent).toBeGreaterThan(10);
      expect(recoveredMs).toBeLessThan(TIMES.patienceMs);
    },
    60_000,
  );

  test("finds out a half-open connection by its silence, after two and a half pings of 2 s and no sooner", async () => {
    const { detectedMs = 0 } = await outcomeOf("half-open", side);
    expect(detectedMs).toBeGreaterThan(3_000); // the last ping may have come just before
    expect(detectedMs).toBeLessThan(9_000);
  });

  test("is told by one gap that a server which crashed has lost its memory (P2)", async () => {
    const { doubled, gaps, detectedMs } = await outcomeOf("server-kill", side);
    expect({ doubled, gaps }).toEqual({ doubled: 0, gaps: 1 });
    expect(detectedMs).toBeLessThan(TIMES.patienceMs);
  });
});

test("a client that forgets every tenth message is found out", async () => {
  for (const fault of ["cut", "half-open", "blackhole", "buffering"]) {
    const { sent, lost } = await outcomeOf(fault, "forgetful");
    expect(lost).toBeGreaterThanOrEqual(Math.floor(sent / 10) - 1);
    expect(lost).toBeLessThanOrEqual(Math.ceil(sent / 10) + 1);
  }
});

test("what was stopped before its end is no outcome: nothing is called lost that nobody waited for", async () => {
  expect(await playFaults({ sides: [sideOf("ws")], signal: AbortSignal.abort(), ...TIMES })).toEqual([]);
});

/** Drops messages behind the client's back. */
function forgetful(path: PathSide["path"]): PathSide["path"] {
  return withMessages(path, (listener) => (data, meta) => {
    if ((data as { readonly number: number }).number % 10 !== 0) listener(data, meta);
  });
}
