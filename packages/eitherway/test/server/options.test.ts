import { describe, expect, test } from "vitest";
import { createMemoryBroker, DEFAULT_LIMITS, DEFAULT_RETENTION } from "../../src/core/index.ts";
import { isEitherwayError } from "../../src/protocol/index.ts";
import { readAmount } from "../../src/server/amounts.ts";
import { type EitherwayOptions, readOptions } from "../../src/server/options.ts";

/** Options as JavaScript may give them. */
function refusal(options: object): string {
  try {
    readOptions(options as EitherwayOptions);
  } catch (thrown) {
    if (isEitherwayError(thrown) && thrown.code === "bad-request") return thrown.message;
    throw thrown;
  }
  throw new Error(`${JSON.stringify(options)} was taken`);
}

describe("options", () => {
  test("have a default each", () => {
    expect(readOptions({})).toEqual({
      limits: DEFAULT_LIMITS,
      retention: DEFAULT_RETENTION,
      pingMs: 15_000,
      keyWindowMs: 300_000,
      presenceLeaseMs: 10_000,
      access: { allowedOrigins: [], insecure: false },
      broker: createMemoryBroker,
      validateOwn: true,
    });
  });

  test("take sizes and durations as numbers and as text", () => {
    const { limits, retention, pingMs, keyWindowMs } = readOptions({
      limits: { messageBytes: "256kb", frameBytes: "1.5MB", links: "20", slowMs: "20s", linkBytes: 1000 },
      retention: { bytes: "2 gb", ageMs: "7d", messages: 10 },
      pingMs: "500ms",
      keyWindowMs: 1_000,
    });
    expect(limits).toEqual({
      ...DEFAULT_LIMITS,
      messageBytes: 262_144,
      frameBytes: 1_572_864,
      links: 20,
      slowMs: 20_000,
      linkBytes: 1_000,
    });
    expect(retention).toEqual({ bytes: 2 * 1024 ** 3, ageMs: 604_800_000, messages: 10 });
    expect({ pingMs, keyWindowMs }).toEqual({ pingMs: 500, keyWindowMs: 1_000 });
  });

  test("that are undefined count as not given", () => {
    const options = {
      limits: { links: undefined },
      retention: undefined,
      pingMs: undefined,
      allowedOrigins: undefined,
    };
    expect(readOptions(options)).toEqual(readOptions({}));
  });

  test.each([
    [{ limit: {} }, /no option "limit"; known: limits, retention/],
    [{ limits: { messageByte: 1 } }, /no limits\.messageByte; known: messageBytes/],
    [{ limits: { messageBytes: 0 } }, /limits\.messageBytes is 0/],
    [{ limits: { messageBytes: "64 kg" } }, /limits\.messageBytes is "64 kg".*"256kb"/],
    [{ limits: { slowMs: "1kb" } }, /limits\.slowMs is "1kb".*"20s"/],
    [{ limits: { links: "10s" } }, /limits\.links is "10s"; give a whole number/],
    [{ limits: { links: 1.5 } }, /limits\.links is 1\.5/],
    [{ limits: { links: "constructor" } }, /limits\.links/],
    [{ retention: { age: 5 } }, /no retention\.age; known: messages, bytes, ageMs/],
    [{ pingMs: -1 }, /pingMs is -1/],
    [{ pingMs: "soon" }, /pingMs is "soon"/],
    [{ insecure: "yes" }, /insecure has "yes"; give true or false/],
    [{ allowedOrigins: "https://a.example" }, /give a list/],
    [{ allowedOrigins: ["https://a.example/"] }, /"https:\/\/a\.example\/".*no slash at the end/],
    [{ allowedOrigins: ["https://A.example"] }, /lower case/],
    [{ allowedOrigins: ["https://a.example:443"] }, /allowedOrigins/],
    [{ allowedOrigins: ["https://*.example"] }, /allowedOrigins/],
    [{ allowedOrigins: ["a.example"] }, /allowedOrigins/],
    [{ allowedOrigins: ["null"] }, /allowedOrigins/],
    [{ allowedOrigins: [undefined] }, /allowedOrigins/],
    [{ broker: {} }, /broker.*a function that makes one/],
  ])("%j is refused in one sentence that says what to give (P12)", (options, sentence) => {
    expect(refusal(options)).toMatch(sentence);
  });

  test("of the platform are among the known ones", () => {
    expect(() => readOptions({ x: 1 } as EitherwayOptions, ["basePath"])).toThrow(/known: .*, basePath\.$/);
  });

  test("take origins of pages and of web views", () => {
    const allowedOrigins = [
      "*",
      "https://a.example",
      "http://localhost:3000",
      "http://[::1]:80",
      "capacitor://localhost",
    ];
    expect(() => readOptions({ allowedOrigins: ["http://[::1]:80"] })).toThrow(/allowedOrigins/); // browsers leave :80 out
    const good = allowedOrigins.filter((origin) => !origin.endsWith(":80"));
    expect(readOptions({ allowedOrigins: good }).access.allowedOrigins).toEqual(good);
  });
});

test.each([
  ["7", "links", 7],
  ["7b", "logBytes", 7],
  ["0.5kb", "bytes", 512],
  [" 3 M ", "slowMs", 180_000],
  ["1h", "ageMs", 3_600_000],
] as const)("the amount %j of %s is %d", (text, name, amount) => {
  expect(readAmount(text, name)).toBe(amount);
});
