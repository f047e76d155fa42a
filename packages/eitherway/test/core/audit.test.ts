import { describe, expect, test } from "vitest";
import { type AuditEntry, type AuditSink, createAudit, createCounters } from "../../src/core/index.ts";
import { createFakeClock } from "../../src/testing/index.ts";

const BURST = 20;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

function createTestAudit(sink?: AuditSink) {
  const clock = createFakeClock();
  const metrics = createCounters();
  const log: string[] = [];
  const write =
    (level: string) =>
    (event: string, fields?: object): void =>
      void log.push(`${level} ${event} ${JSON.stringify(fields)}`);
  const entries: AuditEntry[] = [];
  const audit = createAudit({
    ...{ clock, metrics, logger: { info: write("info"), warn: write("warn"), error: write("error") } },
    sink: sink ?? ((entry) => void entries.push(entry)),
  });
  const refuse = (code: "forbidden" | "unauthorized", count: number): void => {
    for (let i = 0; i < count; i++) audit.refused({ code, message: "No." }, { remote: "192.0.2.1" });
  };
  return { audit, clock, entries, log, metrics, refuse };
}

const brief = (entries: readonly AuditEntry[]): string[] =>
  entries.map((entry) =>
    [entry.what, "code" in entry && entry.code, "count" in entry && entry.count].filter(Boolean).join(" "),
  );

describe("refusals", () => {
  test("of one code are told 20 at once and then one a second; the others are counted (P6, P7)", () => {
    const { clock, entries, metrics, refuse } = createTestAudit();
    refuse("forbidden", 1_000);
    expect(entries).toHaveLength(BURST);
    expect(metrics.all).toEqual({ "audit.suppressed": 980 });
    clock.advance(5 * SECOND);
    refuse("forbidden", 1_000);
    expect(entries).toHaveLength(BURST + 5);
    expect(metrics.all).toEqual({ "audit.suppressed": 1_975 });
  });

  test("of one code leave room for those of another", () => {
    const { entries, refuse } = createTestAudit();
    refuse("forbidden", 1_000);
    refuse("unauthorized", 1);
    expect(brief(entries.slice(BURST))).toEqual(["refused unauthorized"]);
  });

  test("that were left out are told once a minute, though no other comes", () => {
    const { clock, entries, refuse } = createTestAudit();
    refuse("forbidden", 100);
    clock.advance(MINUTE - 1);
    expect(entries).toHaveLength(BURST);
    clock.advance(1);
    expect(brief(entries.slice(BURST))).toEqual(["suppressed forbidden 80"]);
    clock.advance(10 * MINUTE);
    expect(entries).toHaveLength(BURST + 1);
    refuse("forbidden", 21);
    clock.advance(MINUTE);
    expect(brief(entries.slice(-1))).toEqual(["suppressed forbidden 1"]);
  });

  test("that were left out are told at the end, and then no more", () => {
    const { audit, clock, entries, refuse } = createTestAudit();
    refuse("forbidden", 30);
    audit.end();
    expect(brief(entries.slice(BURST))).toEqual(["suppressed forbidden 10"]);
    clock.advance(MINUTE);
    expect(entries).toHaveLength(BURST + 1);
  });
});

test("revocations and the end are told each, however many there are: no stranger causes them", () => {
  const { audit, entries } = createTestAudit();
  for (let i = 0; i < 100; i++) audit.revoked({ by: "application", user: `u${i}`, links: 1 });
  audit.closed(7);
  expect(entries).toHaveLength(101);
});

describe("a sink", () => {
  test.each<[string, AuditSink]>([
    [
      "throws",
      () => {
        throw new Error("disk full of tok3n");
      },
    ],
    ["rejects", () => Promise.reject(new Error("disk full of tok3n"))],
  ])("that %s harms nobody: it is counted each time and logged once, without its message", async (_what, sink) => {
    const { audit, clock, log, metrics } = createTestAudit(sink);
    for (let i = 0; i < 3; i++) audit.closed(i);
    await clock.settle();
    expect(metrics.all).toEqual({ "audit.failed": 3 });
    expect(log).toEqual([expect.stringMatching(/^error audit failed \{"cause":"Error at /)]);
    expect(log[0]).not.toContain("tok3n");
  });

  test("that there is none of is the log: a line of level info with audit true, without the time that each line has", () => {
    const clock = createFakeClock();
    const lines: unknown[] = [];
    const info = (event: string, fields?: object): void => void lines.push([event, fields]);
    const audit = createAudit({ clock, metrics: createCounters(), logger: { info, warn() {}, error() {} } });
    audit.refused({ code: "forbidden", message: "No." }, { user: "ana", channel: "a", action: "publish" });
    audit.closed(2);
    expect(lines).toEqual([
      ["refused", { audit: true, code: "forbidden", message: "No.", user: "ana", channel: "a", action: "publish" }],
      ["closed", { audit: true, links: 2 }],
    ]);
  });
});
