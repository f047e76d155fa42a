/** A hub's channel of joins and leaves: tabs that come later get the members, and the one subscription serves them all. */
import { describe, expect, test } from "vitest";
import { createHubChannel } from "../../../src/client/tabs/hub-channel.ts";
import { formatId, type MessagesFrame } from "../../../src/protocol/index.ts";
import { createFakeClock } from "../../../src/testing/index.ts";

const EPOCH = "aaaaaaaaaaaa";
const LOG = "@presence/room";

const id = (seq: number): string => formatId(EPOCH, seq);

describe("a channel of presence", () => {
  test("gives every tab the members first, then the same changes (P8)", () => {
    const { channel, members, change, live } = createScene();
    const first = join(channel, "now");
    members(3);
    live(3);
    change(4);
    expect(first).toEqual(["presence 3", "live 3", "messages 4"]);
    const second = join(channel, "now");
    expect(channel.feed?.received).toBe("now"); // asks anew: nobody else has the members
    expect(second).toEqual([]);
    members(5);
    live(5);
    change(6);
    expect(second).toEqual(["presence 5", "live 5", "messages 6"]);
    expect(first.slice(3)).toEqual(["presence 5", "messages 6"]);
  });

  test("a tab that comes back with its cursor goes on there, without the members (P3)", () => {
    const { channel, members, change, live } = createScene();
    join(channel, "now");
    members(3);
    live(3);
    change(4);
    expect(join(channel, id(3))).toEqual(["messages 4", "live 4"]);
    expect(channel.feed?.received).toBe(id(4));
  });

  test("a tab that comes while others wait for the members does not make the hub ask again", () => {
    const { channel, members, asked } = createScene();
    const first = join(channel, "now");
    const second = join(channel, "start");
    const third = join(channel, id(1));
    const before = asked();
    members(3);
    expect(asked()).toBe(before);
    for (const one of [first, second, third]) expect(one).toEqual(["presence 3"]);
  });

  test("members that come instead of a gap go to whoever is not beyond them (P2)", () => {
    const { channel, members, live, change } = createScene();
    const reader = join(channel, "now");
    members(3);
    live(3);
    const ahead = join(channel, id(9));
    members(7);
    expect(reader.at(-1)).toBe("presence 7");
    expect(ahead).toEqual([]);
    change(8);
    expect(reader.at(-1)).toBe("messages 8");
  });
});

function createScene() {
  let asked = 0;
  const channel = createHubChannel(LOG, {
    clock: createFakeClock(),
    changed: () => asked++,
    hole() {
      throw new Error("a hole");
    },
  });
  return {
    channel,
    asked: () => asked,
    members: (seq: number) => channel.feed?.take({ t: "presence", channel: LOG, id: id(seq), members: [] }),
    live: (seq: number) => channel.feed?.take({ t: "live", channel: LOG, id: id(seq) }),
    change: (seq: number) => channel.feed?.take(changeAt(seq)),
  };
}

function changeAt(seq: number): MessagesFrame {
  const message = { seq, at: 0, event: "join", from: undefined, kind: "json", data: {}, skipped: 0 } as const;
  return { t: "messages", channel: LOG, epoch: EPOCH, messages: [message] };
}

/** What a tab is given, in words. */
function join(channel: ReturnType<typeof createHubChannel>, from: string): string[] {
  const taken: string[] = [];
  channel.join(from, (frame) => {
    if (frame.t === "messages") taken.push(`messages ${frame.messages[0]?.seq}`);
    else if (frame.t === "live" || frame.t === "presence")
      taken.push(`${frame.t} ${Number.parseInt(frame.id.slice(-8), 36)}`);
    else taken.push(frame.t);
  });
  return taken;
}
