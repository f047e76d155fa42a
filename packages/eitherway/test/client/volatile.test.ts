/** Volatile messages of a running client: what it hears, and what it announces. */
import { describe, expect, test } from "vitest";
import type { MessageMeta } from "../../src/client/client-api.ts";
import type { MessagesFrame } from "../../src/protocol/index.ts";
import { createStage, idOf, runOf, type Stage, WELCOME } from "./support.ts";

const volatileRun = (channel: string, ...texts: string[]): MessagesFrame => {
  const { messages, ...run } = runOf(channel, 0, ...texts);
  return { ...run, epoch: undefined, messages: messages.map((message) => ({ ...message, seq: 0 })) };
};

async function openStage(options: Parameters<typeof createStage>[0] = {}): Promise<Stage> {
  const stage = createStage(options);
  stage.client.channel("other").on("message", () => {});
  await stage.settle();
  return stage;
}

describe("volatile messages", () => {
  test("come like others, but without an id, and leave the cursor where it is (P2)", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    const heard: [unknown, MessageMeta][] = [];
    channel.on("message", (data, meta) => {
      heard.push([data, meta]);
    });
    await stage.settle();
    stage.link.say({ t: "live", channel: "a", id: idOf(1) }, runOf("a", 2, "kept"), volatileRun("a", "moment"));
    expect(heard.map(([data, { id, volatile, replayed }]) => [data, id, volatile, replayed])).toEqual([
      ["kept", idOf(2), false, false],
      ["moment", "", true, false],
    ]);
    expect(channel.cursor).toBe(idOf(2));
  });

  test("leave a gap to the next message of the log: who passes over them must not miss it (P2)", async () => {
    const stage = await openStage();
    const gaps: unknown[] = [];
    stage.client.channel("a").on("message", (_, { gap }) => {
      gaps.push(gap?.why);
    });
    await stage.settle();
    const gap = { t: "gap", channel: "a", why: "trimmed", oldest: idOf(5), head: idOf(6) } as const;
    stage.link.say({ t: "live", channel: "a", id: idOf(1) }, gap, volatileRun("a", "moment"), runOf("a", 7, "kept"));
    expect(gaps).toEqual([undefined, "trimmed"]);
  });

  test("come in a loop too, which goes on at its cursor afterwards (P2)", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    const loop = channel[Symbol.asyncIterator]();
    await stage.settle();
    stage.link.say({ t: "live", channel: "a", id: idOf(1) }, volatileRun("a", "moment"), runOf("a", 2, "kept"));
    expect((await loop.next()).value).toMatchObject({ data: "moment", meta: { volatile: true } });
    expect(channel.cursor).toBe(idOf(1));
    expect((await loop.next()).value).toMatchObject({ data: "kept", meta: { volatile: false } });
    await loop.return?.();
  });
});

describe("announce", () => {
  test("goes out over the open link at once, before publishes that wait for their answers", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    channel.announce({ typing: true }, { event: "typing" });
    channel.announce("now", { kind: "text" });
    expect(stage.link.announced.map((line) => JSON.parse(line))).toEqual([
      { t: "announce", c: "a", e: "typing", d: { typing: true } },
      { t: "announce", c: "a", s: "now" },
    ]);
    expect(stage.client.status).toMatchObject({ dropped: 0, unanswered: 0 });
  });

  test("is dropped and counted without an open link, and where the link has no room; it connects nobody (P6)", async () => {
    const idle = createStage();
    idle.client.channel("a").announce(1);
    await idle.settle();
    expect([idle.links.length, idle.client.status.dropped]).toEqual([0, 1]);

    const stage = await openStage({ onLink: () => {} });
    const channel = stage.client.channel("a");
    channel.announce(1); // not welcome yet
    stage.link.say(WELCOME);
    channel.announce(2);
    stage.link.hasRoom = false;
    channel.announce(3);
    stage.link.end();
    channel.announce(4);
    expect(stage.client.status.dropped).toBe(3);
  });

  test("throws for what can never be sent (P12)", async () => {
    const stage = await openStage();
    const channel = stage.client.channel("a");
    expect(() => channel.announce("x".repeat(1_001))).toThrow(expect.objectContaining({ code: "too-large" }));
    expect(() => channel.announce(1, { event: "" })).toThrow(expect.objectContaining({ code: "bad-event" }));
    expect(() => channel.announce(() => {})).toThrow(expect.objectContaining({ code: "bad-json" }));
    expect(stage.link.announced).toEqual([]);
  });

  test("what the server refuses is an error of the client, and of no channel (P12)", async () => {
    const stage = await openStage();
    const errors: unknown[] = [];
    stage.client.on("error", (error, about) => {
      errors.push([(error as { code?: string }).code, about]);
    });
    stage.client.channel("a").announce(1);
    stage.link.say({ t: "error", code: "bad-request", message: "not volatile" });
    expect(errors).toEqual([["bad-request", {}]]);
  });
});
