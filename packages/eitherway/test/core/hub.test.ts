import { describe, expect, test } from "vitest";
import { EitherwayError, textPayload } from "../../src/protocol/index.ts";
import { createTestHub, publishFrame } from "./support.ts";

describe("links", () => {
  test("beyond limits.links the newcomer is refused, nobody is evicted, and room is free again after a leave (P6)", () => {
    const { open, hub } = createTestHub({ limits: { links: 2 } });
    const [first] = [open(), open()];
    expect(() => open()).toThrow(expect.objectContaining({ code: "too-many-links", retry: true }));
    expect(hub.stats()).toMatchObject({ links: 2, counters: { "links.refused.too-many-links": 1 } });
    first.session.closed();
    open();
    expect(hub.stats().links).toBe(2);
  });
});

test("stats tell the links of each transport, as long as they are there", () => {
  const { open, hub } = createTestHub();
  const [first] = [open(), open({}, { transport: "sse" }), open({}, { transport: "events" }), open()];
  expect(hub.stats().transports).toEqual({ websocket: 2, sse: 1, events: 1, poll: 0 });
  first.session.closed();
  expect(hub.stats()).toMatchObject({ links: 3, transports: { websocket: 1 } });
});

describe("publish", () => {
  test("gives a receipt for each draft in its place, refusals included (P12)", async () => {
    const { hub } = createTestHub({ limits: { messageBytes: 3 } });
    const drafts = ["1", "too long", "3"].map((text) => ({ event: "message", payload: textPayload(text) }));
    const receipts = await hub.publish("a", drafts);
    expect(receipts.map((receipt) => (receipt.ok ? "ok" : receipt.error.code))).toEqual(["ok", "too-large", "ok"]);
    expect(hub.stats().counters).toMatchObject({ "messages.published": 2, "publish.refused.too-large": 1 });
  });

  test("a broker that throws is an answer, and is logged (P11, P12)", async () => {
    const { hub, errors } = createTestHub({ around: () => ({ publish: () => Promise.reject(new Error("gone")) }) });
    const [receipt] = await hub.publish("a", [{ event: "message", payload: textPayload("x") }]);
    expect(receipt).toMatchObject({ ok: false, error: { code: "internal" } });
    expect(errors).toEqual(['publish failed {"channel":"a","cause":"Error: gone"}']);
  });

  test("a broker that has a refusal of its own for what failed has that in the log (P11)", async () => {
    const failed = new EitherwayError("internal", "The primary failed.");
    const { hub, errors } = createTestHub({ around: () => ({ publish: () => Promise.reject(failed) }) });
    await hub.publish("a", [{ event: "message", payload: textPayload("x") }]);
    expect(errors).toEqual(['publish failed {"channel":"a","cause":"EitherwayError: The primary failed."}']);
  });
});

describe("run", () => {
  const who = { client: "c" };

  test("answers commands in order and ends with the first that failed for now: what follows was not tried (P5)", async () => {
    const { hub, publish } = createTestHub({ limits: { channels: 1 } });
    await publish("a", "x");
    const commands = [publishFrame("c.1", "a", "1"), publishFrame("c.1", "b", "2"), publishFrame("c.2", "a", "3")];
    const answers = await hub.run(commands, who);
    expect(answers).toMatchObject([{ ok: true }, { ok: false, error: { code: "too-many-channels" } }]);
    const again = await hub.run(commands, who);
    expect(again[0]).toEqual(answers[0]);
  });

  test("a key that names another client is a key of its own (P5)", async () => {
    const { hub } = createTestHub();
    const [mine] = await hub.run([publishFrame("c.1", "a", "1")], who);
    const [theirs] = await hub.run([publishFrame("c.1", "a", "2")], { client: "other" });
    const [first, second] = [expect.stringMatching(/1$/), expect.stringMatching(/2$/)];
    expect([mine, theirs]).toMatchObject([{ id: first }, { id: second }]);
  });

  test("a broker that gives too few receipts is not asked again: what has none stays unanswered (P5)", async () => {
    let calls = 0;
    const publish = async (): Promise<readonly []> => {
      if (++calls > 1) throw new Error("asked again");
      return [];
    };
    const { hub } = createTestHub({ around: () => ({ publish }) });
    expect(await hub.run([publishFrame("c.1", "a", "1")], who)).toEqual([]);
  });
});

describe("close", () => {
  test("says bye to every link with its own time to come back, and takes no new one (P10, S16)", async () => {
    const { open, hub } = createTestHub();
    const links = Array.from({ length: 1_000 }, () => open({ a: "now" }));
    const closed = hub.close("drain", "This server goes away.", 5_000);
    const times = links.map((link) => link.closedWith?.after ?? -1);
    expect(links.every((link) => link.closedWith?.code === "drain")).toBe(true);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...times)).toBeLessThanOrEqual(5_000);
    for (let second = 0; second < 5; second++) {
      const back = times.filter((ms) => ms >= second * 1_000 && ms < (second + 1) * 1_000).length;
      expect(back).toBe(200);
    }
    expect(() => open()).toThrow(expect.objectContaining({ code: "drain" }));
    for (const link of links) link.session.closed();
    await closed;
    expect(hub.stats()).toMatchObject({ links: 0, watched: 0, timers: 0 });
  });

  test("does not wait longer than the grace for links that do not go", async () => {
    const { open, hub, clock } = createTestHub();
    open({ a: "now" });
    const closed = hub.close("drain", "Bye.", 5_000);
    clock.advance(5_000);
    await closed;
    expect(hub.stats()).toMatchObject({ links: 0, timers: 0 });
  });

  test("without links it is done at once, twice as well", async () => {
    const { hub } = createTestHub();
    await Promise.all([hub.close("drain", "Bye.", 5_000), hub.close("drain", "Bye.", 5_000)]);
  });
});
