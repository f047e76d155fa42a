/** Cases of the broker suite: who is in a channel, told once each by its log of joins and leaves. */
import assert from "node:assert/strict";
import type { Broker, Presence, PresenceEntry } from "../../core/index.ts";
import { presenceLog } from "../../protocol/index.ts";
import type { BrokerCase } from "./broker-case.ts";
import { ALL, CHANNEL, counted, readPage } from "./support.ts";

const LEASE_MS = 10_000;
const LOG = presenceLog(CHANNEL);

export const presenceCases: readonly BrokerCase[] = [
  {
    name: "tells joins, updates and leaves once each, in order, and lists what they make (P8)",
    async run(broker) {
      const presence = presenceOf(broker);
      await presence.touch(CHANNEL, entry("ana", { at: 1 }), LEASE_MS);
      await presence.touch(CHANNEL, entry("bo", { at: 1 }), LEASE_MS);
      await presence.touch(CHANNEL, entry("ana", { at: 2 }), LEASE_MS);
      await presence.leave(CHANNEL, { member: "bo", holder: "bo" });
      await presence.leave(CHANNEL, { member: "bo", holder: "bo" });
      assert.deepEqual(await told(broker), [
        'join {"member":"ana","state":{"at":1}}',
        'join {"member":"bo","state":{"at":1}}',
        'update {"member":"ana","state":{"at":2}}',
        'leave {"member":"bo"}',
      ]);
      const { members, at } = await presence.list(CHANNEL);
      assert.deepEqual(members, [{ member: "ana", state: '{"at":2}' }]);
      assert.deepEqual(at, (await readPage(broker, "start", ALL, LOG)).head);
    },
  },
  {
    name: "the same state again tells nobody, and keeps its JSON as it came (P8)",
    async run(broker) {
      const presence = presenceOf(broker);
      const ana: PresenceEntry = { member: "ana", holder: "ana", state: '{ "n": 1.0 }' };
      await presence.touch(CHANNEL, ana, LEASE_MS);
      await presence.touch(CHANNEL, ana, LEASE_MS);
      assert.deepEqual(await told(broker), ['join {"member":"ana","state":{ "n": 1.0 }}']);
    },
  },
  {
    name: "a member of several clients stays until the last of them has left; the last state that any set is its own (P8)",
    async run(broker) {
      const presence = presenceOf(broker);
      for (const tab of ["1", "2", "3"]) await presence.touch(CHANNEL, entry("ana", { tab }, tab), LEASE_MS);
      await presence.leave(CHANNEL, { member: "ana", holder: "3" });
      await presence.leave(CHANNEL, { member: "ana", holder: "1" });
      assert.deepEqual((await presence.list(CHANNEL)).members, [{ member: "ana", state: '{"tab":"3"}' }]);
      await presence.leave(CHANNEL, { member: "ana", holder: "2" });
      assert.deepEqual((await eventsOf(broker)).join(" "), "join update update leave");
    },
  },
  {
    name: "nobody lets go of what another one holds (P8)",
    async run(broker) {
      const presence = presenceOf(broker);
      await presence.touch(CHANNEL, entry("ana", 1), LEASE_MS);
      await presence.touch(CHANNEL, entry("bo", 1), LEASE_MS);
      await presence.leave(CHANNEL, { member: "ana", holder: "bo" });
      await presence.leave(CHANNEL, { member: "ana", holder: "nobody" });
      await presence.leave("elsewhere", { member: "ana", holder: "ana" });
      assert.equal((await presence.list(CHANNEL)).members.length, 2);
    },
  },
  {
    name: "a lease that ends is one leave in every channel, also where nobody calls (P8)",
    time: true,
    async run(broker, advance) {
      const presence = presenceOf(broker);
      await presence.touch(CHANNEL, entry("ana", 1), LEASE_MS);
      await presence.touch("other", entry("ana", 1), LEASE_MS);
      await advance(LEASE_MS - 500);
      assert.deepEqual(await eventsOf(broker), ["join"]);
      await advance(1_000);
      for (const log of [LOG, presenceLog("other")]) assert.deepEqual(await eventsOf(broker, log), ["join", "leave"]);
      await advance(10 * LEASE_MS);
      assert.deepEqual(await eventsOf(broker), ["join", "leave"]);
      assert.deepEqual((await presence.list(CHANNEL)).members, []);
    },
  },
  {
    name: "a lease that is renewed goes on, and no renewal brings back who has left (P8)",
    time: true,
    async run(broker, advance) {
      const presence = presenceOf(broker);
      await presence.touch(CHANNEL, entry("ana", 1), LEASE_MS);
      for (let n = 0; n < 10; n++) {
        await advance(LEASE_MS - 1_000);
        await presence.renew(["ana", "nobody"], LEASE_MS);
      }
      assert.deepEqual(await eventsOf(broker), ["join"]);
      await advance(LEASE_MS + 500);
      await presence.renew(["ana"], LEASE_MS);
      assert.deepEqual(await eventsOf(broker), ["join", "leave"]);
      await presence.touch(CHANNEL, entry("ana", 1), LEASE_MS);
      assert.deepEqual(await eventsOf(broker), ["join", "leave", "join"]);
    },
  },
  {
    name: "a member stays while the lease of one of its clients goes on (P8)",
    time: true,
    async run(broker, advance) {
      const presence = presenceOf(broker);
      for (const tab of ["1", "2"]) await presence.touch(CHANNEL, entry("ana", 1, tab), LEASE_MS);
      await advance(LEASE_MS / 2);
      await presence.renew(["2"], LEASE_MS);
      await advance(LEASE_MS / 2 + 500);
      assert.deepEqual(await eventsOf(broker), ["join"]);
      await advance(LEASE_MS / 2 + 500);
      assert.deepEqual(await eventsOf(broker), ["join", "leave"]);
    },
  },
  {
    name: "a repeated key changes nothing, with another state it is key-reused (P5)",
    async run(broker) {
      const presence = presenceOf(broker);
      const set = (state: unknown, counter: number) =>
        presence.touch(CHANNEL, { ...entry("ana", state), ...counted(counter) }, LEASE_MS);
      await set(1, 1);
      await presence.leave(CHANNEL, { member: "ana", holder: "ana", ...counted(2) });
      await set(1, 1);
      await presence.leave(CHANNEL, { member: "ana", holder: "ana", ...counted(2) });
      assert.deepEqual(await eventsOf(broker), ["join", "leave"]);
      await assert.rejects(set(2, 1), { code: "key-reused" });
    },
  },
  {
    name: "a member too many is too-many-members; those that are there go on, and a leave makes room (P6)",
    settings: { limits: { presenceMembers: 2 } },
    async run(broker) {
      const presence = presenceOf(broker);
      await presence.touch(CHANNEL, entry("ana", 1), LEASE_MS);
      await presence.touch(CHANNEL, entry("bo", 1), LEASE_MS);
      await assert.rejects(presence.touch(CHANNEL, entry("cy", 1), LEASE_MS), {
        code: "too-many-members",
        retry: true,
      });
      await presence.touch(CHANNEL, entry("ana", 2), LEASE_MS);
      await presence.touch(CHANNEL, entry("ana", 2, "another tab"), LEASE_MS);
      await presence.leave(CHANNEL, { member: "bo", holder: "bo" });
      await presence.touch(CHANNEL, entry("cy", 1), LEASE_MS);
      assert.equal((await presence.list(CHANNEL)).members.length, 2);
    },
  },
  {
    name: "beyond limits.presenceDiffs changes are gathered, and the list is what the log says (P6, P8)",
    settings: { limits: { presenceDiffs: 2 } },
    time: true,
    async run(broker, advance) {
      const presence = presenceOf(broker);
      await presence.touch(CHANNEL, entry("ana", 1), LEASE_MS);
      await presence.touch(CHANNEL, entry("bo", 1), LEASE_MS);
      for (const state of [2, 3, 4]) await presence.touch(CHANNEL, entry("ana", state), LEASE_MS);
      await presence.touch(CHANNEL, entry("cy", 1), LEASE_MS);
      await presence.leave(CHANNEL, { member: "cy", holder: "cy" });
      assert.deepEqual((await presence.list(CHANNEL)).members, [
        { member: "ana", state: "1" },
        { member: "bo", state: "1" },
      ]);
      await advance(1_500);
      assert.deepEqual((await told(broker)).slice(2), ['update {"member":"ana","state":4}']);
      assert.equal((await presence.list(CHANNEL)).members[0]?.state, "4");
    },
  },
  {
    name: "is what its log makes, after any changes, and nobody is told of twice (P8)",
    time: true,
    settings: { limits: { presenceDiffs: 5 } },
    async run(broker, advance) {
      const presence = presenceOf(broker);
      for (let n = 0; n < 300; n++) {
        const member = `m${(n * 7) % 11}`;
        if (n % 3 === 0) await presence.leave(CHANNEL, { member, holder: member });
        else await presence.touch(CHANNEL, entry(member, n % 5), LEASE_MS);
        if (n % 4 === 0) await advance(150);
        const { members } = await presence.list(CHANNEL);
        assert.deepEqual(Object.fromEntries(members.map(({ member, state }) => [member, state])), await folded(broker));
      }
    },
  },
  {
    name: "keeps the log of those who are there longer than retention and key window (P6, P8)",
    settings: { retention: { ageMs: 1_000 }, keyWindowMs: 1_000 },
    time: true,
    async run(broker, advance) {
      const presence = presenceOf(broker);
      await presence.touch(CHANNEL, entry("ana", 1), LEASE_MS);
      const { at } = await presence.list(CHANNEL);
      for (let n = 0; n < 20; n++) {
        await advance(LEASE_MS / 2);
        await presence.renew(["ana"], LEASE_MS);
      }
      assert.deepEqual(await presence.list(CHANNEL), { members: [{ member: "ana", state: "1" }], at });
      await presence.leave(CHANNEL, { member: "ana", holder: "ana" });
      await advance(60_000);
      assert.deepEqual(await presence.list(CHANNEL), { members: [], at: undefined });
    },
  },
];

function presenceOf({ presence }: Broker): Presence {
  return presence ?? assert.fail("presence: true promises broker.presence");
}

/** An entry of one client, which has the member's name unless another is given. */
function entry(member: string, state: unknown, holder = member): PresenceEntry {
  return { member, holder, state: JSON.stringify(state) };
}

/** Event and payload of every message of the log. */
async function told(broker: Broker, log = LOG): Promise<string[]> {
  const { messages } = await readPage(broker, "start", ALL, log);
  return messages.map(({ event, payload }) => `${event} ${String(payload.data)}`);
}

async function eventsOf(broker: Broker, log = LOG): Promise<string[]> {
  const { messages } = await readPage(broker, "start", ALL, log);
  return messages.map(({ event }) => event);
}

/** Who is there by the log alone. A join of somebody who is there, or a leave of somebody who is not, fails the case. */
async function folded(broker: Broker): Promise<Record<string, string>> {
  const page = await broker.read(LOG, "start", ALL);
  const members: Record<string, string> = {};
  for (const { event, payload } of page.kind === "messages" ? page.messages : []) {
    const { member, state } = JSON.parse(String(payload.data)) as { member: string; state?: unknown };
    assert.equal(member in members, event !== "join", `${event} of ${member}`);
    if (event === "leave") delete members[member];
    else members[member] = JSON.stringify(state);
  }
  return members;
}
