/** Who is in a channel, over every transport: the same joins and leaves for everybody, and members that are true at their id. */
import assert from "node:assert/strict";
import { type Presence, presence } from "../client/presence.ts";
import type { ArrivedMembers } from "../protocol/index.ts";
import type { RawLink } from "./raw-link.ts";
import type { TransportCase } from "./transport-case.ts";

const LOG = "@presence/room/42";

export const PRESENCE_CASES: readonly TransportCase[] = [
  {
    name: "presence: all see the same members come, change and go; close() is a leave at once (P8)",
    async run({ start, client }) {
      const server = await start();
      const [ana, bo] = [client(server), client(server)];
      const [here, there] = [presence<string>(ana, "room/42"), presence<string>(bo, "room/42")];
      await here.set("ana");
      await until(here, (states) => states === "ana");
      await there.set("bo");
      for (const one of [here, there]) await until(one, (states) => states === "ana bo");
      await there.set("bo is typing");
      for (const one of [here, there]) await until(one, (states) => states === "ana bo is typing");
      await there.leave();
      for (const one of [here, there]) await until(one, (states) => states === "ana");
      await ana.close();
      await until(there, (states) => states === "");
    },
  },
  {
    name: "presence: who reconnects is not seen to leave, and sees what changed meanwhile (P3, P8)",
    async run({ start, client, link }) {
      const server = await start();
      const log = link(server, { channels: { [LOG]: "now" } });
      await log.next("presence");
      const [ana, bo] = [client(server), client(server)];
      const here = presence<string>(ana, "room/42");
      const there = presence<number>(bo, "room/42");
      await here.set("ana");
      await until(here, (states) => states === "ana");
      for (let n = 1; n <= 5; n++) {
        ana.reconnect();
        await there.set(n);
        await until(here, (states) => states === `ana ${n}`);
      }
      assert.deepEqual(await changesOf(log, 6), ["join", "join", "update", "update", "update", "update"]);
      assert.equal(ana.status.holes, 0);
    },
  },
  {
    name: "presence: a subscriber gets the members first, and changes only where its cursor is good (P2, P3, P8)",
    async run({ start, link, client }) {
      const server = await start();
      const here = presence<number>(client(server), "room/42");
      await here.set(1);
      const first = link(server, { channels: { [LOG]: "start" } });
      const { id, members } = (await first.next("presence")) as ArrivedMembers;
      assert.deepEqual(
        members.map(({ state }) => state),
        [1],
      );
      assert.equal((await first.next("live")).id, id);
      await here.set(2);
      assert.deepEqual(await changesOf(first, 1), ["update"]);
      const resumed = link(server, { channels: { [LOG]: id } });
      assert.deepEqual(await changesOf(resumed, 1), ["update"]);
      const stranger = link(server, { channels: { [LOG]: "0123456789ab-00000001" } });
      const fresh = (await stranger.next("presence")) as ArrivedMembers;
      assert.deepEqual(
        fresh.members.map(({ state }) => state),
        [2],
      );
    },
  },
  {
    name: "presence: a link that is lost is no leave, and the client's next one goes on with it (P3, P8)",
    async run({ start, link }) {
      const server = await start();
      const log = link(server, { channels: { [LOG]: "now" } });
      await log.next("presence");
      const lost = await enter(link(server, { client: "ana" }), "k1", '"here"');
      lost.close();
      while (server.stats().links > 1) await new Promise((resolve) => setTimeout(resolve, TURN_MS));
      const next = await enter(link(server, { client: "ana" }), "k2", '"here again"');
      next.publish({ t: "presence", key: "k3", channel: "room/42" });
      assert.deepEqual(await changesOf(log, 3), ["join", "update", "leave"]);
    },
  },
  {
    name: "presence: a state over limits.presenceBytes is too-large, and nobody comes (P6, P12)",
    async run({ start, client }) {
      const server = await start({ limits: { presenceBytes: 20 } });
      const here = presence<string>(client(server), "room/42");
      await assert.rejects(here.set("x".repeat(20)), { code: "too-large" });
      await here.set("short");
      await until(here, (states) => states === "short");
    },
  },
];

const TURN_MS = 5;

async function enter(link: RawLink, key: string, state: string): Promise<RawLink> {
  await link.next("welcome");
  link.publish({ t: "presence", key, channel: "room/42", state });
  await link.next("ok");
  return link;
}

/** Resolves when the states of all members, joined by spaces, are as `look` wants. */
function until(here: Presence<unknown>, look: (states: string) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const undo = here.on((members) => {
      if (!look(members.map(({ state }) => String(state)).join(" "))) return;
      queueMicrotask(() => undo());
      resolve();
    });
  });
}

/** The events of the next messages. */
async function changesOf(link: RawLink, count: number): Promise<string[]> {
  const events: string[] = [];
  while (events.length < count) {
    const { messages } = await link.next("messages");
    events.push(...messages.map(({ event }) => event));
  }
  return events;
}
