/** Calls of a client, over a link whose server the test plays. */
import { describe, expect, test } from "vitest";
import { createStage, idOf, outcome, WELCOME } from "./support.ts";

const ok = (key: string, data: unknown = key) => ({ t: "ok", key, answer: { kind: "json", data } }) as const;

describe("a call", () => {
  test("connects, goes out with a counted key, and resolves with the answer", async () => {
    const { call, link, settle, client } = createStageWith();
    const answer = outcome(call("room", "send", { text: "hi" }));
    await settle();
    expect(link().commands.map(({ frame }) => frame)).toEqual([
      { t: "call", key: "c1.1", channel: "room", name: "send", payload: { kind: "json", data: '{"text":"hi"}' } },
    ]);
    expect([answer.now, client.status.unanswered]).toEqual(["pending", 1]);
    link().say(ok("c1.1", "yo"));
    await settle();
    expect([answer.now, client.status.unanswered]).toEqual(["yo", 0]);
  });

  test("without an input says null, and may be answered with nothing", async () => {
    const { call, link, settle } = createStageWith();
    const answer = call("room", "stop");
    await settle();
    expect(link().commands[0]?.frame).toMatchObject({ payload: { kind: "json", data: "null" } });
    link().say({ t: "ok", key: "c1.1" });
    expect(await answer).toBeUndefined();
  });

  test("takes text and bytes, and a key of the application's own", async () => {
    const { call, link, settle } = createStageWith();
    void call("room", "send", "hi", { kind: "text", key: "order-991" });
    void call("room", "send", new Uint8Array([1]));
    await settle();
    expect(link().commands.map(({ frame }) => frame)).toMatchObject([
      { key: "order-991", payload: { kind: "text" } },
      { key: "c1.2", payload: { kind: "bytes" } },
    ]);
    link().say(ok("order-991"), ok("c1.2"));
  });

  test("rejects with the server's code and its details (P12)", async () => {
    const { call, link, settle } = createStageWith();
    const answer = call("room", "send", 1);
    await settle();
    const details = { name: "sold-out", data: { left: 0 } };
    link().say({ t: "error", key: "c1.1", code: "call-failed", message: "Sold out.", details });
    await expect(answer).rejects.toMatchObject({ code: "call-failed", message: "Sold out.", details });
  });

  test.each([
    ["bad-channel", "a//b", "send", 1, {}],
    ["reserved-channel", "@presence/a", "send", 1, {}],
    ["bad-event", "a", "", 1, {}],
    ["bad-key", "a", "send", 1, { key: "" }],
    ["bad-json", "a", "send", () => {}, {}],
  ] as const)(
    "is refused here with %s where it could never be sent (P12)",
    async (code, channel, name, input, options) => {
      const { call, links } = createStageWith();
      await expect(call(channel, name, input, options)).rejects.toMatchObject({ code });
      expect(links).toHaveLength(0);
    },
  );

  test("is bounded by the outbox like a publish, and too-large is refused here (P6)", async () => {
    const { call, link, settle } = createStageWith({ outbox: { commands: 1 } });
    const large = outcome(call("room", "send", "x".repeat(2_000)));
    await expect(call("room", "send", 1)).rejects.toMatchObject({ code: "unavailable" });
    await settle();
    expect([large.now, link().keys]).toEqual(["too-large", []]);
  });
});

describe("order and cuts", () => {
  test("calls and publishes of a channel go out in the order made, and none waits for an answer (P5)", async () => {
    const { call, client, link, settle } = createStageWith();
    void call("room", "send", 1);
    void client.channel("room").publish(2);
    void call("room", "send", 3);
    await settle();
    expect(link().keys).toEqual(["c1.1", "c1.2", "c1.3"]);
    link().say(ok("c1.3"), { t: "ok", key: "c1.2", id: idOf(1) }, ok("c1.1"));
  });

  test("is queued while offline, and sent again with its key after a cut, until it is answered (P5)", async () => {
    const { call, link, settle, pass } = createStageWith({ onLink: () => {} });
    const answer = outcome(call("room", "send", 1));
    await settle();
    expect(link().keys).toEqual([]);
    link().say(WELCOME);
    await settle();
    expect(link().keys).toEqual(["c1.1"]);
    link().end();
    await pass(2_000);
    link().say(WELCOME);
    await settle();
    expect(link().keys).toEqual(["c1.1"]);
    link().say(ok("c1.1", "yo"));
    await settle();
    expect(answer.now).toBe("yo");
  });

  test("one that runs is not as old as its first sending: the server has it, and remembers (P5)", async () => {
    const { call, link, settle, pass } = createStageWith();
    const [told, silent] = [outcome(call("a", "send", 1)), outcome(call("b", "send", 1))];
    await pass(200_000);
    link().say({ t: "running", key: "c1.1" });
    await pass(150_000);
    link().end();
    await pass(2_000);
    expect([told.now, silent.now]).toEqual(["pending", "outcome-unknown"]);
    expect(link().keys).toEqual(["c1.1"]);
    link().say(ok("c1.1", "yo"));
    await settle();
    expect(told.now).toBe("yo");
  });

  test("ends with the client: closed where it was never sent, outcome-unknown where it was (P5)", async () => {
    const { call, client, settle } = createStageWith();
    const sent = outcome(call("room", "send", 1));
    await settle();
    const unsent = createStageWith({ onLink: () => {} });
    const waiting = outcome(unsent.call("room", "send", 1));
    await Promise.all([client.close(), unsent.client.close()]);
    await settle();
    expect([sent.now, waiting.now]).toEqual(["outcome-unknown", "closed"]);
  });
});

describe("giving up", () => {
  test("by timeout is call-timeout before it was sent, and nothing is sent later (P5)", async () => {
    const { call, link, settle, pass } = createStageWith({ onLink: () => {} });
    const answer = outcome(call("room", "send", 1, { timeout: 5_000 }));
    await pass(4_900);
    expect(answer.now).toBe("pending");
    await pass(200);
    expect(answer.now).toBe("call-timeout");
    link().say(WELCOME);
    await settle();
    expect(link().keys).toEqual([]);
  });

  test("by timeout is outcome-unknown after it was sent: nobody knows what the server makes of it (P5)", async () => {
    const { call, settle, pass } = createStageWith();
    const answer = outcome(call("room", "send", 1, { timeout: 5_000 }));
    await settle();
    await pass(5_000);
    expect(answer.now).toBe("outcome-unknown");
  });

  test("by signal rejects with its reason before it was sent, and as outcome-unknown after (P5)", async () => {
    const [early, late] = [new AbortController(), new AbortController()];
    const offline = createStageWith({ onLink: () => {} });
    const unsent = offline.call("room", "send", 1, { signal: early.signal });
    early.abort(new Error("changed my mind"));
    await expect(unsent).rejects.toThrow("changed my mind");
    const { call, settle } = createStageWith();
    const sent = call("room", "send", 1, { signal: late.signal, timeout: 5_000 });
    await settle();
    late.abort();
    await expect(sent).rejects.toMatchObject({ code: "outcome-unknown" });
    await expect(call("room", "send", 1, { signal: early.signal })).rejects.toThrow("changed my mind");
  });

  test("after it was refused for now and then runs is outcome-unknown, though that sending was not the one (P5)", async () => {
    const { call, link, settle, pass } = createStageWith();
    const abort = new AbortController();
    const answer = outcome(call("room", "send", 1, { signal: abort.signal }));
    await settle();
    link().say({ t: "running", key: "c1.1" });
    link().say({ t: "error", key: "c1.1", code: "unavailable", message: "" });
    await settle();
    abort.abort();
    await settle();
    expect(answer.now).toBe("outcome-unknown");
    await pass(1_000);
    expect(link().keys).toEqual(["c1.1", "c1.1"]); // its lane goes on through it
  });

  test("leaves nothing behind: no timer, no listener", async () => {
    const { call, link, settle, clock } = createStageWith();
    const { signal } = new AbortController();
    const answer = call("room", "send", 1, { timeout: 60_000, signal });
    await settle();
    const before = clock.pending;
    link().say(ok("c1.1"));
    await answer;
    expect(clock.pending).toBe(before - 1);
  });
});

/** Links come and go: `link()` is the newest. */
function createStageWith(options: Parameters<typeof createStage>[0] = {}) {
  const stage = createStage({ transport: "websocket", ...options });
  const { call, client, clock, links, settle, pass } = stage;
  return { call, client, clock, links, settle, pass, link: () => stage.link };
}
