import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { NO_AUDIT } from "../../src/core/audit.ts";
import { createCounters, DEFAULT_LIMITS, type Limits } from "../../src/core/index.ts";
import { createSeats, type Sitter } from "../../src/core/seats.ts";
import { createTestHub } from "./support.ts";

const TOO_MANY = expect.objectContaining({ code: "too-many-links", retry: true });

describe("links of one user", () => {
  test("beyond limits.userLinks the newcomer is refused with value, limit and next step; others come in (P6, P7)", () => {
    const { open, hub } = createTestHub({ limits: { userLinks: 2 } });
    const [first] = [open({}, { user: "ana" }), open({}, { user: "ana" })];
    expect(() => open({}, { user: "ana" })).toThrow(TOO_MANY);
    expect(() => open({}, { user: "ana" })).toThrow("This user has 2 links, which is the limit; close some, or raise");
    open({}, { user: "bo" });
    open();
    first.session.closed();
    open({}, { user: "ana" });
    const { links, counters } = hub.stats();
    expect(links).toBe(4);
    expect(counters).toMatchObject({ "links.refused.too-many-links": 2, "links.refused.user": 2 });
  });
});

describe("links of one address", () => {
  test("beyond limits.addressLinks the newcomer is refused with value, limit and next step; others come in (P6, P7)", () => {
    const { open, hub } = createTestHub({ limits: { addressLinks: 2 } });
    const [first] = [open({}, { remote: "192.0.2.1", user: "ana" }), open({}, { remote: "192.0.2.1" })];
    expect(() => open({}, { remote: "192.0.2.1" })).toThrow(TOO_MANY);
    expect(() => open({}, { remote: "192.0.2.1" })).toThrow("There are 2 links from this address, which is the limit;");
    open({}, { remote: "192.0.2.2" });
    first.session.closed();
    open({}, { remote: "192.0.2.1" });
    expect(hub.stats().counters).toMatchObject({ "links.refused.too-many-links": 2, "links.refused.address": 2 });
  });

  test("an IPv6 peer has one /64 of them: another address below it is no other peer (P6)", () => {
    const { open } = createTestHub({ limits: { addressLinks: 1 } });
    open({}, { remote: "2001:db8::1" });
    expect(() => open({}, { remote: "2001:db8::2" })).toThrow(TOO_MANY);
    open({}, { remote: "2001:db8:0:1::2" });
  });

  test("peers without an address, as behind a Unix socket, are not taken for one (P7)", () => {
    const { open, hub } = createTestHub({ limits: { addressLinks: 1 } });
    for (const remote of ["", ""]) open({}, { remote });
    expect(hub.stats().links).toBe(2);
  });
});

describe("seats", () => {
  const LIMITS: Limits = { ...DEFAULT_LIMITS, links: 6, userLinks: 3, addressLinks: 4 };
  const sitter = fc.record({
    user: fc.constantFrom(undefined, "ana", "bo"),
    remote: fc.constantFrom(undefined, "192.0.2.1", "2001:db8::1", "2001:db8::2"),
  });
  const action = fc.oneof(fc.record({ take: sitter }), fc.record({ free: fc.nat(9) }));

  test("are given as long as every limit has room, and are free again after each leave, in any order (P6)", () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), (actions) => {
        const seats = createSeats(LIMITS, createCounters(), NO_AUDIT);
        const there: Sitter[] = [];
        const count = (is: (one: Sitter) => boolean): number => there.filter(is).length;
        for (const step of actions) {
          if ("free" in step) {
            const [gone] = there.splice(step.free, 1);
            if (gone) seats.free(gone);
            continue;
          }
          const { user, remote } = step.take;
          const isFull =
            there.length >= LIMITS.links ||
            (user !== undefined && count((one) => one.user === user) >= LIMITS.userLinks) ||
            (remote !== undefined &&
              count((one) => one.remote?.slice(0, 9) === remote.slice(0, 9)) >= LIMITS.addressLinks);
          if (isFull) expect(() => seats.take(step.take)).toThrow(TOO_MANY);
          else {
            seats.take(step.take);
            there.push(step.take);
          }
        }
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});
