/** Presence of a client over links that the test plays: what it says, when it says it again, and the members it shows. */
import { describe, expect, test } from "vitest";
import { type PresentMember, presence } from "../../src/client/presence.ts";
import type { CommandFrame, MembersFrame, MessagesFrame } from "../../src/protocol/index.ts";
import { createStage, type FakeLink, idOf, WELCOME } from "./support.ts";

const LOG = "@presence/room";

describe("being there", () => {
  test("enters, changes and leaves by commands; each promise resolves with its answer (P8)", async () => {
    const { client, pass, stage } = await open();
    const here = presence(client, "room");
    const done: string[] = [];
    void here.set({ at: 1 }).then(() => done.push("set"));
    await pass(0);
    expect(saidOver(stage.link)).toEqual(['{"at":1}']);
    expect(done).toEqual([]);
    answer(stage.link);
    await pass(0);
    expect(done).toEqual(["set"]);
    void here.leave().then(() => done.push("left"));
    await pass(0);
    answer(stage.link);
    await pass(0);
    expect(saidOver(stage.link)).toEqual(['{"at":1}', "left"]);
    expect(done).toEqual(["set", "left"]);
  });

  test("states that change while a command waits are passed over: the newest is said, and all promises resolve (P6)", async () => {
    const { client, pass, stage } = await open();
    const here = presence(client, "room");
    const all = Promise.all([1, 2, 3, 4].map((state) => here.set(state)));
    await pass(0);
    answer(stage.link);
    await pass(0);
    answer(stage.link);
    await all;
    expect(saidOver(stage.link)).toEqual(["1", "4"]);
  });

  test("hellos say so from the first set on, at once over a link that is open, and no more after leave (P8)", async () => {
    const { client, pass, stage } = await open();
    const here = presence(client, "room");
    expect(stage.link.present).toBe(false);
    void here.set(1);
    await pass(0);
    expect(stage.link).toMatchObject({ present: true, asked: 1, changes: [] });
    answer(stage.link);
    void here.set(2);
    await pass(0);
    answer(stage.link);
    expect(stage.link.asked).toBe(1);
    void here.leave();
    await pass(0);
    answer(stage.link);
    await pass(0);
    expect(stage.link.present).toBe(false);
  });

  test("a new link enters again with the newest state, under a key of its own (P5, P8)", async () => {
    const { client, pass, stage } = await open();
    const here = presence(client, "room");
    void here.set(1);
    await pass(0);
    answer(stage.link);
    stage.link.end();
    void here.set(2);
    void here.set(3);
    await pass(5_000);
    expect(saidOver(stage.link)).toEqual(["3"]);
    answer(stage.link);
    stage.link.end();
    await pass(5_000);
    expect(saidOver(stage.link)).toEqual(["3"]);
    expect(new Set(stage.links.flatMap(({ keys }) => keys)).size).toBe(3);
  });

  test("a command that was unanswered at a cut comes again with its key, and then the newest state (P5, P8)", async () => {
    const { client, pass, stage } = await open();
    const here = presence(client, "room");
    const set = here.set(1);
    await pass(0);
    const [key] = stage.link.keys;
    stage.link.end();
    await pass(5_000);
    expect(stage.link.keys).toEqual([key]);
    answer(stage.link);
    await pass(0);
    answer(stage.link);
    await set;
    expect(saidOver(stage.link)).toEqual(["1", "1"]);
    expect(stage.link.keys[1]).not.toBe(key);
  });

  test("who left while there was no link is not seen to come and go (P8)", async () => {
    const { client, pass, stage } = await open();
    stage.link.end();
    await pass(0);
    const here = presence(client, "room");
    void here.set(1);
    void here.leave();
    await pass(5_000);
    expect(saidOver(stage.link)).toEqual(["left"]);
  });

  test("what is refused for good rejects, is the client's error, and is not said over the next link (P12)", async () => {
    const errors: string[] = [];
    const { client, pass, stage } = await open();
    client.on("error", (error, { channel }) => errors.push(`${channel}: ${error.message}`));
    const here = presence(client, "room");
    const refused = expect(here.set("bad")).rejects.toMatchObject({ code: "invalid" });
    await pass(0);
    refuse(stage.link);
    await refused;
    expect(errors).toEqual(["room: no"]);
    stage.link.end();
    await pass(5_000);
    expect(saidOver(stage.link)).toEqual([]);
    void here.set(undefined); // nobody waits for this one
    await pass(0);
    expect(errors.splice(1)).toEqual([expect.stringContaining("room: ")]);
    await expect(here.set(undefined)).rejects.toMatchObject({ code: "bad-json" });
  });

  test("a full room does not hold up what is published there (P6)", async () => {
    const { client, pass, stage } = await open();
    void presence(client, "room").set(1);
    await pass(0);
    stage.link.say({ t: "error", key: lastKey(stage.link), code: "too-many-members", message: "full" });
    void client
      .channel("room")
      .publish("hi")
      .catch(() => {});
    await pass(0);
    expect(stage.link.commands.at(-1)?.frame).toMatchObject({ t: "publish", channel: "room" });
  });

  test("close() says leave and waits for the answer, at most a second; a page that is put away says nothing (P8)", async () => {
    const { client, pass, stage } = await open();
    const here = presence(client, "room");
    void here.set(1);
    await pass(0);
    answer(stage.link);
    await pass(0);
    stage.sleep();
    await pass(1_000);
    expect(saidOver(stage.links[0] as FakeLink)).toEqual(["1"]);
    stage.wake();
    await pass(1_000);
    answer(stage.link);
    await pass(0);
    const { link } = stage;
    const closed = client.close();
    await pass(900);
    expect(saidOver(link)).toEqual(["1", "left"]);
    expect(link.closed).toBe(false);
    await pass(200);
    await closed;
    expect(link.closed).toBe(true);
  });
});

describe("the members", () => {
  test("come with the first snapshot, then change with each message, once a turn (P8)", async () => {
    const { client, pass, stage } = await open();
    const here = presence<number>(client, "room");
    const { shown } = show(here);
    expect(here.members).toEqual([]);
    await pass(0);
    expect(stage.link.changes).toEqual([`+${LOG}@now`]);
    stage.link.say(membersOf(3, ["ana", 1]));
    stage.link.say(changesOf(4, ["join", "bo", 1], ["update", "ana", 2], ["leave", "nobody"]));
    await pass(0);
    expect(shown).toEqual(["ana:2 bo:1"]);
    stage.link.say(changesOf(7, ["leave", "ana"]));
    await pass(0);
    expect(shown).toEqual(["ana:2 bo:1", "bo:1"]);
  });

  test("an empty channel is told as well (P8)", async () => {
    const { client, pass, stage } = await open();
    const { shown } = show(presence(client, "room"));
    await pass(0);
    stage.link.say(membersOf(0));
    await pass(0);
    expect(shown).toEqual([""]);
  });

  test("are the same objects until they change, also over a snapshot", async () => {
    const { client, pass, stage } = await open();
    const here = presence<unknown>(client, "room");
    const { shown } = show(here);
    await pass(0);
    stage.link.say(membersOf(2, ["ana", { n: 1 }], ["bo", { n: 1 }]));
    await pass(0);
    const { members } = here;
    stage.link.say(membersOf(9, ["ana", { n: 1 }], ["bo", { n: 1 }]));
    await pass(0);
    expect(here.members).toBe(members);
    stage.link.say(changesOf(10, ["update", "bo", { n: 2 }]));
    await pass(0);
    expect(here.members).not.toBe(members);
    expect(here.members[0]).toBe(members[0]);
    expect(shown).toHaveLength(2);
  });

  test("go on at their cursor after a cut; a snapshot there replaces all, and who is present enters again (P2, P3, P8)", async () => {
    const { client, pass, stage } = await open();
    const here = presence<number>(client, "room");
    const { shown } = show(here);
    void here.set(7);
    await pass(0);
    answer(stage.link);
    stage.link.say(membersOf(3, ["ana", 1], ["bo", 1]));
    await pass(0);
    stage.link.end();
    await pass(5_000);
    expect(stage.link.hello.get(LOG)).toBe(idOf(3));
    answer(stage.link);
    await pass(0);
    stage.link.say(membersOf(20, ["cy", 1]));
    await pass(0);
    expect(shown).toEqual(["ana:1 bo:1", "cy:1"]);
    expect(saidOver(stage.link)).toEqual(["7", "7"]);
  });

  test("who sees its own leave, and did not ask for it, enters again (P8)", async () => {
    const { client, pass, stage } = await open();
    const here = presence<number>(client, "room");
    show(here);
    void here.set(7);
    await pass(0);
    answer(stage.link);
    stage.link.say(membersOf(1, [client.id, 7]), changesOf(2, ["leave", client.id]));
    await pass(0);
    expect(saidOver(stage.link)).toEqual(["7", "7"]);
  });

  test("a listener that comes later is told what is known; one that left hears no more", async () => {
    const { client, pass, stage } = await open();
    const here = presence<number>(client, "room");
    const undo = here.on(() => {});
    await pass(0);
    stage.link.say(membersOf(1, ["ana", 1]));
    await pass(0);
    const { shown: late } = show(here);
    const gone: string[] = [];
    here.on(() => gone.push("called"))();
    await pass(0);
    expect([late, gone]).toEqual([["ana:1"], []]);
    undo();
    stage.link.say(changesOf(2, ["leave", "ana"]));
    await pass(0);
    expect(late).toEqual(["ana:1", ""]);
  });

  test("taken up again at once go on as they were; later they begin with a fresh snapshot (P2)", async () => {
    const { client, pass, stage } = await open();
    const here = presence<number>(client, "room");
    here.on(() => {})();
    const undo = here.on(() => {});
    await pass(0);
    expect(stage.link.changes).toEqual([`+${LOG}@now`]);
    stage.link.say(membersOf(1, ["ana", 1]));
    await pass(0);
    undo();
    const soon = show(here);
    await pass(0);
    expect(soon.shown).toEqual(["ana:1"]);
    expect(stage.link.changes).toHaveLength(1);
    soon.undo();
    await pass(200);
    const later = show(here);
    await pass(0);
    expect(stage.link.changes.slice(1)).toEqual([`-${LOG}`, `+${LOG}@now`]);
    expect(later.shown).toEqual([]);
    stage.link.say(membersOf(1, ["ana", 1]));
    await pass(0);
    expect(later.shown).toEqual(["ana:1"]);
  });

  test("a listener that throws is the client's error and holds nobody (P7)", async () => {
    const { client, pass, stage } = await open();
    const errors: string[] = [];
    client.on("error", (error) => errors.push(error.message));
    const here = presence<number>(client, "room");
    const fail = (): void => {
      throw new Error("broken");
    };
    here.on(fail);
    const { shown } = show(here);
    await pass(0);
    stage.link.say(membersOf(1, ["ana", 1]));
    await pass(0);
    here.on(fail);
    await pass(0);
    expect(errors).toEqual(["broken", "broken"]);
    expect(shown).toEqual(["ana:1"]);
  });

  test("are one object for each channel of a client; a channel that is none, or no client, is refused (P12)", async () => {
    const { client } = await open();
    expect(presence(client, "room")).toBe(presence(client, "room"));
    expect(presence(client, "room")).not.toBe(presence(client, "other"));
    expect(() => presence(client, "@presence/room")).toThrow(expect.objectContaining({ code: "reserved-channel" }));
    expect(() => presence({} as typeof client, "room")).toThrow(expect.objectContaining({ code: "bad-request" }));
  });
});

/** A client whose link is open. */
async function open() {
  const stage = createStage({ onLink: (link) => link.say(WELCOME) });
  stage.client.reconnect();
  stage.client.channel("other").on("message", () => {});
  await stage.pass(0);
  const { link } = stage;
  link.changes.length = 0;
  link.asked = 0;
  return { stage, client: stage.client, pass: stage.pass };
}

/** The states of presence commands, in order; a leave is `left`. */
function saidOver({ commands }: FakeLink): string[] {
  return commands
    .map(({ frame }) => frame)
    .filter((frame): frame is CommandFrame & { t: "presence" } => frame.t === "presence")
    .map(({ state }) => state ?? "left");
}

function lastKey({ keys }: FakeLink): string {
  return keys.at(-1) ?? "none";
}

function answer(link: FakeLink): void {
  link.say({ t: "ok", key: lastKey(link) });
}

function refuse(link: FakeLink): void {
  link.say({ t: "error", key: lastKey(link), code: "invalid", message: "no" });
}

function membersOf(seq: number, ...members: readonly (readonly [string, unknown])[]): MembersFrame {
  const entries = members.map(([member, state]) => ({ member, state: state as string }));
  return { t: "presence", channel: LOG, id: idOf(seq), members: entries };
}

function changesOf(
  first: number,
  ...changes: readonly (readonly [event: string, member: string, state?: unknown])[]
): MessagesFrame {
  const messages = changes.map(([event, member, state], i) => ({
    ...{ seq: first + i, at: 0, event, from: undefined, kind: "json" as const, skipped: 0 },
    data: { member, state },
  }));
  return { t: "messages", channel: LOG, epoch: idOf(0).slice(0, 12), messages };
}

/** Every call of a listener, in words. */
function show(here: { on(listener: (members: readonly PresentMember[]) => void): () => void }) {
  const shown: string[] = [];
  const undo = here.on((members) => {
    shown.push(members.map(({ member, state }) => `${member}:${String(state)}`).join(" "));
  });
  return { shown, undo };
}
