/** Calls of the client through the real doors of a real server, each transport and framing the same. */
import { describe, expect, onTestFinished, test } from "vitest";
import { binary } from "../../src/client/binary.ts";
import { type ClientOptions, createClient } from "../../src/client/index.node.ts";
import { EitherwayError, isEitherwayError } from "../../src/protocol/index.ts";
import { createFaultNetwork } from "../../src/testing/index.ts";
import { WITH_CALLS } from "../client/with-calls.ts";
import { eventually } from "../node/support.ts";
import { playedCalls } from "../support/played-calls.ts";
import { type Doors, type DoorsOptions, startDoors } from "../transports/support.ts";

const WAYS: readonly (Pick<ClientOptions, "transport" | "framing" | "streamChange"> & { readonly title: string })[] = [
  { title: "websocket json", transport: "websocket" },
  { title: "websocket binary", transport: "websocket", framing: binary },
  { title: "sse, break first", transport: "sse", streamChange: "break-first" },
  { title: "sse, make first", transport: "sse", streamChange: "make-first" },
  { title: "poll", transport: "poll" },
];
const TRANSPORTS = ["websocket", "sse", "poll"] as const;

/** Longer than the commands door waits for an answer. */
const LONG_MS = 150;

function connect(doors: Doors, options: Partial<ClientOptions>) {
  const { client, call } = createClient(WITH_CALLS, { url: doors.url, ...options });
  onTestFinished(() => client.close());
  const send = (text: string) => call("room", "send", text, { kind: "text" });
  return { client, call, send };
}

async function setUp(options: DoorsOptions & { readonly handler?: Parameters<typeof playedCalls>[0] } = {}) {
  const calls = playedCalls(options.handler);
  const doors = await startDoors({ calls, ...options });
  const started = async (...texts: string[]) => {
    await eventually(() => texts.every((text) => calls.texts.includes(text)));
    return texts.map((text) => calls.runs.find((run) => run.text === text));
  };
  return { calls, doors, started };
}

const long = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, LONG_MS));

describe.each(WAYS)("calls over $title", (way) => {
  test("start in the order made and are answered as they end, soon or late (P5)", async () => {
    const { calls, doors, started } = await setUp();
    const { send } = connect(doors, way);
    const answers: string[] = [];
    const asked = ["1", "2", "3"].map((text) => send(text).then((answer) => answers.push(String(answer))));
    const [first, second, third] = await started("1", "2", "3");
    expect(calls.texts).toEqual(["1", "2", "3"]);
    third?.answer("three");
    await asked[2];
    await long();
    second?.answer("two");
    await asked[1];
    first?.answer("one");
    await Promise.all(asked);
    expect(answers).toEqual(["three", "two", "one"]);
    expect(calls.texts).toHaveLength(3);
  });

  test("hold up no publish behind them, also one that takes long (P5)", async () => {
    const { doors, started } = await setUp();
    const { client, send } = connect(doors, way);
    const answer = send("slow");
    const { id } = await client.channel("room").publish("behind it");
    expect(id).toMatch(/1$/);
    const [run] = await started("slow");
    await long();
    run?.answer("yo");
    expect(await answer).toBe("yo");
  });

  test("carry payloads of every kind there and back, and nothing", async () => {
    const { doors } = await setUp({
      handler: { prepare: (input) => async () => (input.data === "nothing" ? undefined : input) },
    });
    const { call } = connect(doors, way);
    const bytes = new Uint8Array([0, 255]);
    expect(await call("room", "send", { a: [1, "ü"] })).toEqual({ a: [1, "ü"] });
    expect(await call("room", "send", "a\r\n😀", { kind: "text" })).toBe("a\r\n😀");
    expect(await call("room", "send", bytes)).toEqual(bytes);
    expect(await call("room", "send", "nothing", { kind: "text" })).toBeUndefined();
  });

  test("reject with what the handler said, with details; with unknown-call; and the next one goes through (P12)", async () => {
    const { doors, started } = await setUp();
    const { call, send } = connect(doors, way);
    const failed = send("fails");
    const unknown = call("room", "dance");
    const good = send("good");
    const ended = Promise.allSettled([failed, unknown, good]);
    const [bad, fine] = await started("fails", "good");
    const details = { name: "sold-out", data: { left: 0 } };
    bad?.fail(new EitherwayError("call-failed", "Sold out.", { details }));
    fine?.answer("yo");
    expect(await ended).toMatchObject([
      { reason: { code: "call-failed", details } },
      { reason: { code: "unknown-call" } },
      { value: "yo" },
    ]);
  });

  test("end with call-timeout at the server's deadline, and the handler is told (P5)", async () => {
    const { doors, started } = await setUp({ handler: { timeoutMs: 300 } });
    const { send } = connect(doors, way);
    const answer = send("slow");
    const [run] = await started("slow");
    await expect(answer).rejects.toMatchObject({ code: "call-timeout" });
    expect(run?.context.signal.aborted).toBe(true);
  });

  test("wait where the server runs as many as it may, and start in order when it does not (P5, P6)", async () => {
    const { calls, doors, started } = await setUp({ limits: { calls: 2 } });
    const { send } = connect(doors, way);
    const texts = ["1", "2", "3", "4"];
    const asked = texts.map(send);
    for (const text of texts) {
      const [run] = await started(text);
      run?.answer(text);
    }
    expect(await Promise.all(asked)).toEqual(texts);
    expect(calls.texts).toEqual(texts);
  });

  test("over cuts are started once and answered (P3, P5)", async () => {
    const { calls, doors, started } = await setUp();
    const network = await createFaultNetwork({ target: doors.port });
    onTestFinished(() => network.close());
    const url = doors.url.replace(String(doors.port), String(network.port));
    const { send } = connect({ ...doors, url }, way);
    const asked = send("hi");
    const [run] = await started("hi");
    for (let times = 0; times < 3; times++) {
      const repeated = (): number => doors.hub.stats().counters["calls.repeated"] ?? 0;
      const before = repeated();
      network.cutAll();
      await eventually(() => repeated() > before);
    }
    run?.answer("yo");
    expect(await asked).toBe("yo");
    expect(calls.texts).toEqual(["hi"]);
  });

  test("leave nothing behind when the client is closed (P5, P6)", async () => {
    const { doors, started } = await setUp();
    const { client, send } = connect(doors, way);
    const asked = send("hi").catch((error: unknown) => (isEitherwayError(error) ? error.code : error));
    const [run] = await started("hi");
    await long();
    await client.close();
    expect(await asked).toBe("outcome-unknown");
    run?.answer("yo");
    await eventually(() => doors.hub.stats().calls === 0 && doors.hub.stats().links === 0);
  });
});

describe.each(TRANSPORTS.flatMap((from) => TRANSPORTS.map((to) => [from, to] as const)))("a switch", (from, to) => {
  test(`from ${from} to ${to} takes running calls along, each started once (P3, P5)`, async () => {
    const { calls, doors, started } = await setUp();
    const { client, send } = connect(doors, { transport: from });
    const texts = Array.from({ length: 20 }, (_, n) => String(n));
    const asked = texts.map(send);
    await started("9");
    client.use(to);
    for (const run of await started(...texts)) run?.answer(`answer ${run.text}`);
    expect(await Promise.all(asked)).toEqual(texts.map((text) => `answer ${text}`));
    expect(calls.texts).toEqual(texts);
    expect(client.status.transport).toBe(to);
  });
});
