/** Channels of a running client: listeners, references, cursors, gaps, loops. */
import { describe, expect, test } from "vitest";
import type { Channel } from "../../src/client/client-api.ts";
import { createStage, idOf, runOf, type Stage, WELCOME } from "./support.ts";

function collect(channel: Channel): { readonly seen: unknown[]; undo(): void } {
  const seen: unknown[] = [];
  const undo = channel.on("message", (data) => {
    seen.push(data);
  });
  return { seen, undo };
}

async function openStage(options: Parameters<typeof createStage>[0] = {}): Promise<Stage> {
  const stage = createStage(options);
  stage.client.channel("other").on("message", () => {});
  await stage.settle();
  return stage;
}

describe("channels", () => {
  test("that are asked for in one turn are one change of the link", async () => {
    const stage = await openStage();
    for (const name of ["a", "b"]) stage.client.channel(name, { from: "start" }).on("message", () => {});
    await stage.settle();
    expect(stage.link.changes).toEqual(["+a@start", "+b@start"]);
    expect([...stage.link.hello]).toEqual([["other", "now"]]);
  });

  test("share one subscription and cursor among all handles of a name (P2)", async () => {
    const stage = await openStage();
    const [one, two] = [stage.client.channel("a"), stage.client.channel("a", { from: "start" })];
    const first = collect(one);
    await stage.settle();
    const second = collect(two);
    await stage.settle();
    stage.link.say({ t: "live", channel: "a", id: idOf(1) }, runOf("a", 2, "x"));
    expect(stage.link.changes).toEqual(["+a@now"]);
    expect([first.seen, second.seen]).toEqual([["x"], ["x"]]);
    expect([one.cursor, two.cursor]).toEqual([idOf(2), idOf(2)]);
    first.undo();
    await stage.pass(200);
    stage.link.say(runOf("a", 3, "y"));
    expect([first.seen, second.seen]).toEqual([["x"], ["x", "y"]]);
    second.undo();
    await stage.pass(200);
    expect(stage.link.changes).toEqual(["+a@now", "-a"]);
  });

  test("survive that their last listener leaves and comes back in a moment (P2)", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    const first = collect(channel);
    await stage.settle();
    first.undo();
    const second = collect(channel);
    await stage.pass(200);
    expect(stage.link.changes).toEqual(["+a@now"]);
    stage.link.say(runOf("a", 1, "x"));
    expect(second.seen).toEqual(["x"]);
  });

  test("read again what came while nobody listened for a moment (P2)", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    const first = collect(channel);
    await stage.settle();
    stage.link.say(runOf("a", 1, "x"));
    first.undo();
    stage.link.say(runOf("a", 2, "y"));
    expect(channel.cursor).toBe(idOf(1));
    const second = collect(channel);
    await stage.settle();
    expect(stage.link.changes).toEqual(["+a@now", `+a@${idOf(1)}`]);
    stage.link.say(runOf("a", 2, "y"));
    expect([first.seen, second.seen]).toEqual([["x"], ["y"]]);
  });

  test("do not repeat the message whose handler was the last to leave (P2)", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    const seen: unknown[] = [];
    const undo = channel.on("message", (data) => {
      seen.push(data);
      undo();
    });
    await stage.settle();
    stage.link.say(runOf("a", 1, "x"));
    const next = collect(channel);
    await stage.settle();
    expect([stage.link.changes, channel.cursor]).toEqual([["+a@now"], idOf(1)]);
    stage.link.say(runOf("a", 2, "y"));
    expect([seen, next.seen]).toEqual([["x"], ["y"]]);
  });

  test("stay on their link when a handler hands its place to another (P2)", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    const seen: string[] = [];
    const undo = channel.on("message", (data) => {
      undo();
      channel.on("message", (later) => void seen.push(`second ${later}`));
      seen.push(`first ${data}`);
    });
    await stage.settle();
    stage.link.say(runOf("a", 1, "x", "y"), runOf("a", 3, "z"));
    await stage.pass(200);
    expect(seen).toEqual(["first x", "second y", "second z"]);
    expect([stage.link.changes, channel.cursor]).toEqual([["+a@now"], idOf(3)]);
  });

  test("keep the cursor of what the application saw after the last listener left (P3)", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    expect(channel.cursor).toBe("now");
    const { undo } = collect(channel);
    await stage.settle();
    stage.link.say(runOf("a", 1, "x"));
    undo();
    stage.link.say(runOf("a", 2, "y"));
    await stage.pass(200);
    expect(channel.cursor).toBe(idOf(1));
  });

  test("take a fresh link where an old subscription could be mixed up with a new one (P2)", async () => {
    const stage = await openStage({ changes: false });
    collect(stage.client.channel("a"));
    await stage.settle();
    expect(stage.links).toHaveLength(2);
    expect([...stage.link.hello.keys()]).toEqual(["other", "a"]);
  });

  test("tell of gaps at once, and again with the next message (P2)", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a", { from: idOf(1) });
    const log: unknown[] = [];
    channel.on("gap", ({ why, head }) => {
      log.push([why, head, channel.cursor]);
    });
    channel.on("message", (data, { gap, id, replayed }) => {
      log.push([data, id, replayed, gap?.why]);
    });
    await stage.settle();
    stage.link.say({ t: "gap", channel: "a", why: "trimmed", oldest: idOf(5), head: idOf(9) });
    stage.link.say({ t: "live", channel: "a", id: idOf(9) }, runOf("a", 10, "x", "y"));
    expect(log).toEqual([
      ["trimmed", idOf(9), idOf(1)],
      ["x", idOf(10), false, "trimmed"],
      ["y", idOf(11), false, undefined],
    ]);
    expect(stage.client.status.gaps).toBe(1);
  });

  test("report a handler that throws and hold nothing for it", async () => {
    const stage = await openStage();
    const errors: unknown[] = [];
    stage.client.on("error", (error, { channel }) => {
      errors.push([error.message, channel]);
    });
    const channel = stage.client.channel("a");
    channel.on("message", () => {
      throw new Error("bad handler");
    });
    channel.on("message", () => Promise.reject(new Error("bad async handler")));
    const { seen } = collect(channel);
    await stage.settle();
    stage.link.say(runOf("a", 1, "x"));
    await stage.settle();
    expect([seen, channel.cursor]).toEqual([["x"], idOf(1)]);
    expect(errors).toEqual([
      ["bad handler", "a"],
      ["bad async handler", "a"],
    ]);
  });

  test("do not call a listener that an earlier one of the same message took away", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    channel.on("message", () => second.undo());
    const second = collect(channel);
    await stage.settle();
    stage.link.say(runOf("a", 1, "x"));
    expect(second.seen).toEqual([]);
  });

  test("are asked for again, later, when they were refused for now", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    const codes: string[] = [];
    channel.on("error", ({ code }) => {
      codes.push(code);
    });
    collect(channel);
    await stage.settle();
    stage.link.say({ t: "error", channel: "a", code: "too-many-channels", message: "full" });
    await stage.settle();
    expect([stage.link.changes, codes]).toEqual([["+a@now"], ["too-many-channels"]]);
    await stage.pass(600);
    expect(stage.link.changes).toEqual(["+a@now", "+a@now"]);
  });

  test("are not asked for again when they were refused for good, until somebody listens anew", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    const { undo } = collect(channel);
    await stage.settle();
    stage.link.say({ t: "error", channel: "a", code: "too-many-subscriptions", message: "full" });
    await stage.pass(60_000 / 2);
    stage.client.reconnect();
    await stage.settle();
    expect([...stage.link.hello.keys()]).toEqual(["other"]);
    undo();
    await stage.pass(200);
    collect(channel);
    await stage.settle();
    expect(stage.link.changes).toEqual(["+a@now"]);
  });

  test.each(["beside the others", "in the moment after the last one left"])(
    "are asked for again, after a refusal for good, when somebody comes %s (P12)",
    async (when) => {
      const stage = await openStage();
      const channel = stage.client.channel("a");
      const codes: string[] = [];
      channel.on("error", ({ code }) => void codes.push(code));
      const { undo } = collect(channel);
      await stage.settle();
      const refusal = { t: "error", channel: "a", code: "too-many-subscriptions", message: "full" } as const;
      stage.link.say(refusal);
      await stage.settle();
      if (when !== "beside the others") undo();
      const { seen } = collect(channel);
      await stage.settle();
      expect(stage.link.changes).toEqual(["+a@now", "+a@now"]);
      stage.link.say(runOf("a", 1, "x"));
      expect([codes, seen]).toEqual([["too-many-subscriptions"], ["x"]]);
    },
  );

  test("back off from a subscription that keeps failing", async () => {
    const stage = await openStage();
    collect(stage.client.channel("a"));
    await stage.settle();
    for (let ms = 0; ms < 20_000; ms += 100) {
      const asked = stage.link.changes.length;
      await stage.pass(100);
      stage.link.alive();
      if (stage.link.changes.length > asked || ms === 0) {
        stage.link.say({ t: "error", channel: "a", code: "unavailable", message: "down" });
      }
    }
    expect(stage.link.changes.length).toBeGreaterThan(3);
    expect(stage.link.changes.length).toBeLessThan(15);
  });

  describe("in a loop", () => {
    test("give their messages, and end the subscription when it is left", async () => {
      const stage = await openStage();
      const got: unknown[] = [];
      const loop = (async () => {
        for await (const { data, meta } of stage.client.channel("a")) {
          got.push([data, meta.id]);
          if (got.length === 2) break;
        }
      })();
      await stage.settle();
      stage.link.say(runOf("a", 1, "x", "y", "z"));
      await loop;
      await stage.pass(200);
      expect(got).toEqual([
        ["x", idOf(1)],
        ["y", idOf(2)],
      ]);
      expect(stage.link.changes).toEqual(["+a@now", "-a"]);
    });

    test("have a cursor that is never ahead of the loop (P3)", async () => {
      const stage = await openStage();
      const channel = stage.client.channel("a");
      const loop = channel[Symbol.asyncIterator]();
      await stage.settle();
      stage.link.say({ t: "live", channel: "a", id: idOf(0) }, runOf("a", 1, "x", "y"));
      expect(channel.cursor).toBe(idOf(0));
      await loop.next();
      expect(channel.cursor).toBe(idOf(0));
      await loop.next();
      expect(channel.cursor).toBe(idOf(1));
      void loop.next();
      expect(channel.cursor).toBe(idOf(2));
    });

    test("go on in the next loop with what the one before did not take (P2)", async () => {
      const stage = await openStage();
      const channel = stage.client.channel("a");
      const take = async (count: number): Promise<unknown[]> => {
        const got: unknown[] = [];
        for await (const { data } of channel) if (got.push(data) === count) break;
        return got;
      };
      const first = take(1);
      await stage.settle();
      stage.link.say({ t: "live", channel: "a", id: idOf(0) }, runOf("a", 1, "x", "y", "z"));
      expect(await first).toEqual(["x"]);
      expect(channel.cursor).toBe(idOf(1));
      const second = take(2);
      await stage.settle();
      expect(stage.link.changes).toEqual(["+a@now", `+a@${idOf(1)}`]);
      stage.link.say(runOf("a", 2, "y", "z"));
      expect(await second).toEqual(["y", "z"]);
    });

    test("pause the channel when the loop is slow, and go on where it was (P2, P6)", async () => {
      const stage = await openStage();
      const texts = Array.from({ length: 1_100 }, (_, i) => `m${i}`);
      const loop = stage.client.channel("a")[Symbol.asyncIterator]();
      await stage.settle();
      stage.link.say({ t: "live", channel: "a", id: idOf(0) }, runOf("a", 1, ...texts));
      await stage.settle();
      expect(stage.link.changes).toEqual(["+a@now", "-a"]);
      stage.link.say(runOf("a", 1_101, "still on its way"));
      for (const text of texts) expect((await loop.next()).value?.data).toBe(text);
      await stage.settle();
      expect(stage.link.changes).toEqual(["+a@now", "-a", `+a@${idOf(1_101)}`]);
      expect((await loop.next()).value?.data).toBe("still on its way");
    });

    test("throw a final refusal, and end when the client is closed", async () => {
      const stage = await openStage();
      const [a, b] = ["a", "b"].map((name) => stage.client.channel(name)[Symbol.asyncIterator]().next());
      const refused = expect(a).rejects.toMatchObject({ code: "too-many-subscriptions" });
      await stage.settle();
      stage.link.say({ t: "error", channel: "a", code: "too-many-subscriptions", message: "full" });
      await refused;
      await stage.client.close();
      expect(await b).toEqual({ done: true, value: undefined });
    });
  });

  test("are refused once, though two streams that change places both say so, and leave no timer behind", async () => {
    const stage = createStage();
    const errors: string[] = [];
    const a = stage.client.channel("a");
    a.on("error", ({ code }) => {
      errors.push(code);
    });
    collect(a);
    await stage.settle();
    const refusal = { t: "error", channel: "a", code: "unavailable", message: "not now" } as const;
    stage.link.say(refusal, refusal);
    expect(errors).toEqual(["unavailable"]);
    await stage.client.close();
    expect(stage.clock.pending).toBe(0);
  });

  test("are asked for after welcome when they came while the link was opening", async () => {
    const stage = createStage({ onLink() {} });
    collect(stage.client.channel("a"));
    await stage.settle();
    collect(stage.client.channel("b"));
    await stage.settle();
    expect(stage.link.changes).toEqual([]);
    stage.link.say(WELCOME);
    await stage.settle();
    expect([[...stage.link.hello.keys()], stage.link.changes]).toEqual([["a"], ["+b@now"]]);
  });
});
