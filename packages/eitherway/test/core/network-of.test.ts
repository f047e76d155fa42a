import { describe, expect, test } from "vitest";
import { networkOf } from "../../src/core/network-of.ts";

describe("networkOf", () => {
  test("an IPv4 address is itself, however a proxy writes it (P6)", () => {
    for (const written of ["203.0.113.7", "203.0.113.7:4711", "::ffff:203.0.113.7", "[::ffff:203.0.113.7]:4711"]) {
      expect(networkOf(written)).toBe("203.0.113.7");
    }
    expect(networkOf("203.0.113.8")).not.toBe("203.0.113.7");
  });

  test("addresses of one /64 are one, in every way of writing them (P6)", () => {
    const written = ["2001:db8::1", "2001:DB8:0:0:ffff::", "2001:0db8:0000:0000:1:2:3:4", "[2001:db8::7]:443"];
    expect(new Set(written.map(networkOf))).toEqual(new Set(["2001:db8:0:0"]));
  });

  test("the next /64 is another (P6)", () => {
    const networks = ["2001:db8::1", "2001:db8:0:1::1", "2001:db8:1::1", "2001::1", "::1", "fe80::1%eth0"].map(
      networkOf,
    );
    expect(new Set(networks).size).toBe(networks.length);
  });

  test("what is no address is a name like any other", () => {
    for (const name of ["unknown", "_hidden", "::::", "[", ":"]) expect(typeof networkOf(name)).toBe("string");
  });
});
