import { describe, expect, test } from "vitest";
import { redis } from "../../src/redis/index.ts";
import { keySlot } from "../../src/redis/key-slot.ts";
import { parseRedisUrl } from "../../src/redis/redis-url.ts";
import { shortcomingsIn } from "../../src/redis/requirements.ts";

const SECRET = "hunter2-of-a-test";

describe("the URL of Redis", () => {
  test("names one server, its database and who asks", () => {
    expect(parseRedisUrl("redis://ana:s%40fe@example.org:7000/3")).toEqual({
      ...{ kind: "standalone", addresses: [{ host: "example.org", port: 7000 }], master: undefined },
      ...{ db: 3, tls: false, username: "ana", password: "s@fe" },
    });
    expect(parseRedisUrl("rediss://:s@[::1]")).toMatchObject({
      ...{ addresses: [{ host: "::1", port: 6379 }], tls: true, username: undefined, password: "s", db: 0 },
    });
  });

  test("names Sentinels and their master, or some servers of a Cluster", () => {
    expect(parseRedisUrl("redis+sentinel://a,b:1/main")).toMatchObject({
      ...{
        kind: "sentinel",
        master: "main",
        addresses: [
          { host: "a", port: 26_379 },
          { host: "b", port: 1 },
        ],
      },
    });
    expect(parseRedisUrl("rediss+cluster://a,b")).toMatchObject({ kind: "cluster", tls: true, master: undefined });
  });

  test.each([
    ["http://localhost", /none that is known/],
    ["redis+ring://a", /none that is known/],
    ["redis://a,b", /several hosts/],
    ["redis+sentinel://a", /no master/],
    ["redis+cluster://a/1", /database/],
    ["redis://a/x", /no number/],
    ["redis://a:x", /host that cannot be read/],
    ["redis://%zz@a", /percent sign/],
  ])("that cannot be is bad-request and says why: %s (P12)", (url, why) => {
    expect(() => redis(url)).toThrow(
      expect.objectContaining({ code: "bad-request", message: expect.stringMatching(why) }),
    );
  });

  test("is never repeated, as it may hold a password (P12)", () => {
    for (const url of [`redis://ana:${SECRET}@a/x`, `redis://ana:${SECRET}@a,b`, `${SECRET}://a`]) {
      expect(() => redis(url)).toThrow(expect.not.objectContaining({ message: expect.stringContaining(SECRET) }));
    }
  });
});

test("options that cannot be are bad-request, before anything is opened (P12)", () => {
  expect(() => redis("redis://a", { prefix: "a{b" })).toThrow(expect.objectContaining({ code: "bad-request" }));
  const durability = "twice" as "master";
  expect(() => redis("redis://a", { durability })).toThrow(expect.objectContaining({ code: "bad-request" }));
  const mistyped = { durabilty: "replicated" } as object;
  expect(() => redis("redis://a", mistyped)).toThrow(
    'There is no option of redis() "durabilty"; known: prefix, durability',
  );
});

test("slots are those of Redis Cluster", () => {
  // From the specification of Redis Cluster and from CLUSTER KEYSLOT.
  expect([keySlot("123456789"), keySlot("foo"), keySlot("{foo}:record"), keySlot("{}foo")]).toEqual([
    12_739, 12_182, 12_182, 9_500,
  ]);
});

describe("what a Redis tells of itself", () => {
  test.each([
    ["redis_version:6.2.14\r\n", [/^Redis 6\.2\.14 lacks .* install 7\.0 or newer/]],
    ["redis_version:7.0.15\r\nmaxmemory:0\r\nmaxmemory_policy:allkeys-lru\r\n", []],
    ["redis_version:255.255.255\nmaxmemory:1\nmaxmemory_policy:noeviction\n", []],
    ["maxmemory:1\nmaxmemory_policy:volatile-ttl\n", [/maxmemory-policy volatile-ttl.* set noeviction/]],
    ["", []],
  ])("%j: whatever has to be changed is named", (info, expected) => {
    expect(shortcomingsIn(info)).toEqual(expected.map((text) => expect.stringMatching(text)));
  });
});
