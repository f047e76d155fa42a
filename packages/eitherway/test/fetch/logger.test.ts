/** Lines as a collector of logs gets them, from our own pino and from an application's. */
import fastify from "fastify";
import { pino } from "pino";
import { describe, expect, onTestFinished, test } from "vitest";
import { createLogger as createWebLogger } from "../../src/fetch/index.ts";
import { createLogger, eitherway, type Logger, type LogLevel } from "../../src/node/index.ts";

/** What was written, one line an entry. */
function collect(): { lines: string[]; write: (line: string) => void } {
  const lines: string[] = [];
  return { lines, write: (line) => void lines.push(line) };
}

describe.each([
  ["by pino", createLogger],
  ["by web standards alone", createWebLogger],
])("a line that is written %s", (_how, create) => {
  function logged(fields: Record<string, unknown>): string {
    const { lines, write } = collect();
    create({ write }).warn("link closed", fields);
    expect(lines).toHaveLength(1);
    return lines[0] ?? "";
  }

  test("is one JSON object with time, level, event and the fields, whatever they hold", () => {
    const line = logged({ code: "slow", note: 'two\nlines\r\0"}', count: 3 });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what must not be there
    expect(line).not.toMatch(/[\u0000-\u001f]/);
    expect(line).toMatch(/^\{"level":"warn","time":"[^"]+","event":"link closed","code":"slow"/);
    expect(JSON.parse(line)).toEqual({
      time: expect.stringMatching(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}Z$/),
      level: "warn",
      event: "link closed",
      code: "slow",
      note: 'two\nlines\r\0"}',
      count: 3,
    });
  });

  test("is written though a field is none that JSON can say", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(JSON.parse(logged({ cycle, size: 1n, left: undefined }))).toMatchObject({ event: "link closed" });
  });

  test("shows no field that is named after a secret, at the top or one level below", () => {
    for (const name of ["token", "authorization", "cookie", "data", "payload", "password", "secret"]) {
      const line = logged({ [name]: "s3cr3t", inside: { [name]: "s3cr3t" } });
      expect(line).not.toContain("s3cr3t");
      expect(JSON.parse(line)).toMatchObject({ [name]: "[Redacted]" });
    }
  });

  test.each<[LogLevel, string[]]>([
    ["info", ["info", "warn", "error"]],
    ["warn", ["warn", "error"]],
    ["error", ["error"]],
    ["silent", []],
  ])("is written at level %s where it is of %j", (level, levels) => {
    const { lines, write } = collect();
    const logger = create({ level, write });
    for (const name of ["info", "warn", "error"] as const) logger[name]("something");
    expect(lines.map((line) => (JSON.parse(line) as { level: string }).level)).toEqual(levels);
  });

  test("is refused a level that there is not, with those that there are (P12)", () => {
    expect(() => create({ level: "verbose" as LogLevel })).toThrow(
      expect.objectContaining({
        code: "bad-request",
        message: 'There is no log level "verbose"; known: info, warn, error, silent.',
      }),
    );
  });

  test("goes into a pino of the application, by its settings, with the event as its message", () => {
    const { lines, write } = collect();
    const own = pino({ base: { app: "shop" }, redact: ["user"] }, { write });
    const logger: Logger = create({ pino: own.child({ part: "realtime" }) });
    logger.info("revoked", { user: "ana", links: 2 });
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      ...{ level: 30, app: "shop", part: "realtime", msg: "revoked" },
      ...{ user: "[Redacted]", links: 2 },
    });
  });
});

test("a server writes into the log of Fastify", async () => {
  const { lines, write } = collect();
  const app = fastify({ logger: { level: "info", stream: { write } } });
  onTestFinished(() => app.close());
  const ew = eitherway({ logger: createLogger({ pino: app.log }) });
  await ew.close();
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ msg: "closed", audit: true, links: 0 }),
  );
});
