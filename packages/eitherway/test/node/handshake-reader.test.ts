/** The reader of handshakes against `node:http`, whose word counts: what the reader takes, Node takes, and says the same of it. */
import { createServer, type IncomingMessage } from "node:http";
import { Duplex } from "node:stream";
import { setImmediate as turn } from "node:timers/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readHandshake } from "../../src/node/handshake-reader.ts";
import { fairHead, HANDSHAKE, oddHead, PROPERTY_SEED } from "./handshakes.ts";
import { requestText } from "./support.ts";

const read = (head: string) => readHandshake(Buffer.from(head, "latin1"));

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly version: string;
  readonly headers: object;
  readonly head: string;
}

/** What `node:http` makes of the bytes; `undefined`: no upgrade. */
async function askNode(bytes: Buffer): Promise<Seen | undefined> {
  const server = createServer({ maxHeaderSize: 32 * 1024 });
  let seen: Seen | undefined;
  server.on("upgrade", ({ method, url, httpVersion, headers }: IncomingMessage, _socket: Duplex, head: Buffer) => {
    seen = { method, url, version: httpVersion, headers: { ...headers }, head: head.toString("latin1") };
  });
  const connection = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() });
  connection.on("error", () => {});
  server.emit("connection", connection);
  connection.push(bytes);
  await turn();
  connection.destroy();
  return seen;
}

async function agrees(head: string, behind: Uint8Array): Promise<"taken" | "declined"> {
  const bytes = Buffer.concat([Buffer.from(head, "latin1"), behind]);
  const ours = readHandshake(bytes);
  if (ours === undefined) return "declined";
  const { url, headers, length } = ours;
  const rest = bytes.toString("latin1", length);
  expect({ method: "GET", url, version: "1.1", headers, head: rest }).toEqual(await askNode(bytes));
  return "taken";
}

const RUNS = 1_000;
const anyBehind = fc.uint8Array({ maxLength: 20 });

describe(`like node:http, seed ${PROPERTY_SEED}`, () => {
  test("every fair handshake is taken: target, fields and the bytes behind it are the same (P12)", async () => {
    await fc.assert(
      fc.asyncProperty(fairHead, anyBehind, async (head, behind) => {
        expect(await agrees(head, behind)).toBe("taken");
      }),
      { seed: PROPERTY_SEED, numRuns: RUNS },
    );
  });

  test("of odd heads none is taken that node:http refuses or understands otherwise (P12)", async () => {
    const count = { taken: 0, declined: 0 };
    await fc.assert(
      fc.asyncProperty(oddHead, anyBehind, async (head, behind) => {
        count[await agrees(head, behind)]++;
      }),
      { seed: PROPERTY_SEED, numRuns: 3 * RUNS },
    );
    expect(Math.min(count.taken, count.declined)).toBeGreaterThan(RUNS / 10);
  });
});

describe("is left to node:http", () => {
  const fair = requestText("GET", "/eitherway", HANDSHAKE);
  const withLine = (line: string): string => fair.replace("\r\n", `\r\n${line}\r\n`);
  const cases: Readonly<Record<string, string>> = {
    "another method": requestText("POST", "/eitherway", HANDSHAKE),
    "another version": fair.replace("HTTP/1.1", "HTTP/1.0"),
    "the absolute form of a target": fair.replace("/eitherway", "http://localhost/eitherway"),
    "a target with what belongs in none": fair.replace("/eitherway", '/eitherway?"'),
    "a request without Upgrade": requestText("GET", "/eitherway", { connection: "Upgrade" }),
    "another protocol": fair.replace("websocket", "h2c"),
    "Upgrade without Connection": requestText("GET", "/eitherway", { ...HANDSHAKE, connection: "keep-alive" }),
    "no host": fair.replace("host: localhost\r\n", ""),
    "a field twice": withLine("HOST: localhost"),
    "a body": withLine("content-length: 3"),
    "a body of unknown length": withLine("transfer-encoding: chunked"),
    "a wait for 100": withLine("expect: 100-continue"),
    "a field that node:http makes a list of": withLine("set-cookie: a=b"),
    "a name that every object has": withLine("__proto__: a"),
    "a folded field": withLine("x: a\r\n b"),
    "a blank before the colon": withLine("x : a"),
    "a byte beyond ASCII": withLine("x: \u00ff"),
    "a NUL": withLine("x: a\0b"),
    "a lone CR": withLine("x: a\rb"),
    "a lone LF": withLine("x: a\nb"),
    "lines that end in LF": fair.replaceAll("\r\n", "\n"),
    "part of a head": fair.slice(0, -1),
    "a head of more than 8 KiB": withLine(`x: ${"a".repeat(8 * 1024)}`),
    "more than 64 fields": withLine(Array.from({ length: 60 }, (_, i) => `x-${i}: a`).join("\r\n")),
    nothing: "",
  };

  test("not so the handshake that these are made of", () => {
    expect(read(fair)).toEqual({
      url: "/eitherway",
      headers: { host: "localhost", ...HANDSHAKE },
      length: fair.length,
    });
  });

  for (const [what, head] of Object.entries(cases)) {
    test(what, () => {
      expect(read(head)).toBeUndefined();
    });
  }
});
