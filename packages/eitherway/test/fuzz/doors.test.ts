/**
 * A whole server without sockets, asked by strangers: requests to every door and frames of open links, mutated. Each is answered, or refused
 * by a typed error; the server holds no more than its limits, writes nothing to its log, and goes on serving others.
 *
 * `npm run test:long` sends a million of each. A failure names its seed: EITHERWAY_FUZZ_SEED begins with it.
 */
import { describe, expect, test } from "vitest";
import type { Random } from "../../src/core/index.ts";
import { codeOfNumber, ERROR_CODES, jsonClientCodec } from "../../src/protocol/index.ts";
import { createSeededRandom, type MemoryRequest, type MemorySocket } from "../../src/testing/index.ts";
import { createTestServer, type TestServer } from "../server/support.ts";
import { below, createHeaderMutator, createTextMutator } from "../support/mutator.ts";
import { createTally, type Tally } from "../support/tally.ts";
import { CORPUS } from "./corpus.ts";

const INPUTS = Number(process.env["EITHERWAY_FUZZ_INPUTS"] ?? 10_000);
const FIRST_SEED = Number(process.env["EITHERWAY_FUZZ_SEED"] ?? Date.now() % 2 ** 31);

/** A server lives for so many, then a fresh one takes over. */
const INPUTS_PER_SERVER = 1_000;
/** So many strangers at once, each with a link of its own. */
const STRANGERS = 20;
/** Of answers, and of what comes over a link for one frame: far above what the small logs here can fill. */
const MOST_BYTES = 256 * 1024;
const LIMITS = { channels: 100, subscriptions: 20, logBytes: 100_000, keys: 500, presenceMembers: 20, links: 50 };
const OPTIONS = { limits: LIMITS, retention: { messages: 20 } };

describe(`${INPUTS.toLocaleString("en-US")} inputs, from seed ${FIRST_SEED}`, () => {
  test("requests to the http doors, sse and poll: answered, or refused by a typed error (P6, P7, P12)", async () => {
    const mutate = createHeaderMutator(CORPUS.requests);
    const tally = createTally<"answers">();
    await asStrangers(async (server, random) => askAsStranger(server, requestOf(mutate(random)), tally));
    expectMany(tally, "answers", [
      "200",
      "201",
      "204",
      "bad-frame",
      "bad-json",
      "bad-channel",
      "not-found",
      "host-refused",
    ]);
  });

  test("frames over a websocket: taken, or the end of that link by a typed error (P6, P7, P12)", async () => {
    const mutate = createTextMutator([...CORPUS.clientFrames, ...CORPUS.publishes]);
    const tally = createTally<"frames">();
    const sockets: (MemorySocket | undefined)[] = [];
    await asStrangers(async (server, random, stranger) => {
      const before = sockets[stranger];
      const socket = before && !before.closed && random() < KEEP_LINK ? before : await openLink(server, random, before);
      sockets[stranger] = socket;
      socket.send(mutate(random));
      await server.clock.settle();
      checkLink(socket, tally);
    });
    expectMany(tally, "frames", ["welcome", "live", "ok", "error", "messages", "bye"]);
  });
});

/** Or the claim would rest on inputs that never came to the interesting parts. */
function expectMany<Group extends string>(tally: Tally<Group>, group: Group, names: readonly string[]): void {
  for (const name of names)
    expect(tally.of(group, name), `${name}\n${tally.table([group])}`).toBeGreaterThan(INPUTS / 1_000);
}

/** @param one gives a server the input of a stranger, and throws at what is wrong */
async function asStrangers(
  one: (server: TestServer, random: Random, stranger: number) => Promise<void>,
): Promise<void> {
  for (let first = FIRST_SEED; first < FIRST_SEED + INPUTS; first += INPUTS_PER_SERVER) {
    const server = createTestServer(OPTIONS);
    for (let seed = first; seed < first + INPUTS_PER_SERVER; seed += STRANGERS) {
      const inputs = Array.from({ length: STRANGERS }, (_, i) => one(server, createSeededRandom(seed + i), i));
      await Promise.all(inputs).catch((thrown: unknown) => {
        throw new Error(`EITHERWAY_FUZZ_SEED=${first}, at one of ${STRANGERS} from ${seed}: ${String(thrown)}`);
      });
    }
    await checkServer(server);
  }
}

/** It served strangers; a neighbour notices nothing. */
async function checkServer(server: TestServer): Promise<void> {
  const { clock, eitherway, log } = server;
  expect(log).toEqual([]);
  await eitherway.publish("neighbour", "still here");
  const { status, text } = await server.ask({ path: "/channels/neighbour" });
  expect([status, text]).toEqual([200, expect.stringContaining("still here")]);
  const closing = eitherway.close();
  await clock.settle();
  clock.advance(CLOSE_MS);
  await closing;
}

/** Longer than a server waits for its links. */
const CLOSE_MS = 10_000;

// --- requests ---

/** First line: method and target; then headers; behind an empty line the body. */
function requestOf(text: string): MemoryRequest {
  const end = text.indexOf("\n\n");
  const [start = "", ...lines] = (end < 0 ? text : text.slice(0, end)).split("\n");
  const [, method = "GET", path = "", query = ""] = /^(\S*) ([^?]*)\??(.*)$/s.exec(start) ?? [];
  const fields = lines.map((line): [string, string] => {
    const [name = "", ...value] = line.split(":");
    return [name.toLowerCase(), value.join(":").trim()];
  });
  const body = Uint8Array.from(Buffer.from(end < 0 ? "" : text.slice(end + 2), "latin1"));
  return { method, path, query, headers: Object.fromEntries(fields), body };
}

async function askAsStranger(server: TestServer, request: MemoryRequest, tally: Tally<"answers">): Promise<void> {
  const { client, status, headers, text, code } = await server.ask(request);
  client.cut();
  await server.clock.settle();
  tally.count("answers", code ?? String(status)); // 0: a long poll that waits
  if (status === 0) return;
  expect(Object.values(headers).join("")).not.toMatch(/[\p{Cc}]/u); // no header of theirs in an answer of ours
  expect(text.length).toBeLessThan(MOST_BYTES);
  if (status < 400) return;
  expect(status).not.toBe(500);
  expect(ERROR_CODES).toContain(code);
}

// --- links ---

const KEEP_LINK = 0.95;
/** Of the links that say hello in good order. */
const POLITE = 0.8;

async function openLink(server: TestServer, random: Random, before: MemorySocket | undefined): Promise<MemorySocket> {
  before?.cut();
  const socket = await server.upgrade();
  const hello = CORPUS.clientFrames.filter((frame) => frame.startsWith('{"t":"hello","v":1'));
  if (random() < POLITE) socket.send(hello[below(hello.length, random)] as string);
  await server.clock.settle();
  return socket;
}

function checkLink(socket: MemorySocket, tally: Tally<"frames">): void {
  const messages = socket.read().map(String);
  for (const message of messages) tally.count("frames", jsonClientCodec.readServer(message).t);
  expect(messages.join("").length).toBeLessThan(MOST_BYTES);
  if (!socket.closed) return;
  expect([codeOfNumber(socket.closed.number), socket.closed.number]).not.toContain("internal");
  expect(codeOfNumber(socket.closed.number)).toBeDefined();
}
