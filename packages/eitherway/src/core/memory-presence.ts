/** Presence of one process: members and leases in memory, told by messages of the logs that the broker keeps. */
import { jsonPayload, type Member, type Payload, presenceLog, utf8Length } from "../protocol/index.ts";
import type { Draft, Position } from "./broker.ts";
import { fingerprint } from "./fingerprint.ts";
import type { KeyMemory } from "./key-memory.ts";
import type { Limits } from "./limits.ts";
import type { Clock, Metrics, Undo } from "./ports.ts";
import type { Members, Presence, PresenceClaim, PresenceEntry } from "./presence.ts";
import { tooManyMembers } from "./storage-errors.ts";
import { createTimerWheel, type TimerWheel, type WheelTask } from "./timer-wheel.ts";

export interface MemoryPresenceOptions {
  readonly clock: Clock;
  readonly limits: Pick<Limits, "presenceMembers" | "presenceDiffs">;
  readonly metrics?: Metrics | undefined;
  readonly keys: KeyMemory;
  readonly logs: PresenceLogs;
}

/** What presence needs of the logs. Everything takes effect before it returns. */
export interface PresenceLogs {
  /** Starts a call: lets go what is due. Throws `unavailable` where the broker is closed. */
  begin(): void;
  /** Keeps a log, made where there is none, until the undo. Throws `too-many-channels`. */
  pin(log: string): Undo;
  /** Appends one message and tells the watchers. Throws `storage-full`. */
  append(log: string, draft: Draft): void;
  head(log: string): Position | undefined;
  /** Counts bytes (or, negative, no more) as bytes of that log. Throws `storage-full`. */
  reserve(log: string, bytes: number): void;
}

export interface MemoryPresence extends Presence {
  clear(): void;
}

/** The window of `limits.presenceDiffs`. */
const WINDOW_MS = 1_000;

/** A lease that is looked at so much later than it ended was not renewed because this process stood still: it goes on once more. */
const STOOD_STILL_MS = 2_000;

/** What a member and a holder of it cost beside names and state, in bytes: their objects, sets and places in maps. */
const MEMBER_BYTES = 512;
const HOLDER_BYTES = 512;

interface MemberRecord {
  readonly place: Place;
  readonly name: string;
  readonly holders: Set<Holder>;
  /** `undefined`: nobody holds it any more. */
  state: string | undefined;
  /** What the log says of it. */
  told: string | undefined;
  bytes: number;
}

/** One channel with members. */
interface Place extends WheelTask {
  readonly log: string;
  readonly unpin: Undo;
  readonly members: Map<string, MemberRecord>;
  /** Members of whom the log does not say what is true. */
  readonly untold: Set<MemberRecord>;
  windowEnd: number;
  /** Messages in this window. */
  spent: number;
}

interface Holder extends WheelTask {
  readonly id: string;
  readonly holds: Set<MemberRecord>;
  leaseMs: number;
  /** `clock.now()` at which it ends. */
  leaseEnd: number;
}

export function createMemoryPresence(options: MemoryPresenceOptions): MemoryPresence {
  const { clock, limits, metrics, keys, logs } = options;
  const places = new Map<string, Place>();
  const holders = new Map<string, Holder>();
  /** Made when somebody comes: a broker without presence has none. */
  let wheel: TimerWheel | undefined;

  // --- entering and leaving ---

  function touch(channel: string, entry: PresenceEntry, leaseMs: number): void {
    const log = presenceLog(channel);
    once(log, entry, entry.state, () => enter(log, entry, leaseMs));
    const holder = holders.get(entry.holder);
    if (holder) renewOne(holder, leaseMs);
  }

  function enter(log: string, { member: name, holder: id, state }: PresenceEntry, leaseMs: number): void {
    const member = places.get(log)?.members.get(name) ?? createMember(log, name);
    try {
      const known = holders.get(id);
      const isNew = !known || !member.holders.has(known);
      weigh(member, bytesOf(member, state, member.holders.size + (isNew ? 1 : 0)));
    } catch (thrown) {
      if (member.holders.size === 0) forgetIfGone(member);
      throw thrown;
    }
    const holder = holders.get(id) ?? createHolder(id, leaseMs);
    holder.holds.add(member);
    member.holders.add(holder);
    setState(member, state);
  }

  function leave(channel: string, claim: PresenceClaim): void {
    const log = presenceLog(channel);
    once(log, claim, undefined, () => {
      const member = places.get(log)?.members.get(claim.member);
      const holder = holders.get(claim.holder);
      if (!member || !holder || !member.holders.has(holder)) return;
      letGo(member, holder);
      if (holder.holds.size === 0) forgetHolder(holder);
    });
  }

  /** Runs a command unless its key is known. */
  function once(log: string, { key }: PresenceClaim, state: string | undefined, run: () => void): void {
    if (!key) {
      run();
      return;
    }
    const place = keys.place(log, key);
    const print = fingerprint(state === undefined ? "leave" : "set", { kind: "json", data: state ?? "" });
    const known = keys.find(place, print);
    if (known.state === "refused") throw known.error;
    if (known.state === "applied") return;
    run();
    keys.keep(place, print, 0, clock.now());
  }

  function letGo(member: MemberRecord, holder: Holder): void {
    holder.holds.delete(member);
    member.holders.delete(holder);
    weigh(member, bytesOf(member, member.state ?? "", member.holders.size));
    if (member.holders.size === 0) setState(member, undefined);
  }

  // --- telling ---

  function setState(member: MemberRecord, state: string | undefined): void {
    const { place } = member;
    const waits = place.untold.has(member);
    member.state = state;
    if (!waits && state === member.told) return;
    place.untold.add(member);
    if (waits || !tell(place)) metrics?.count("presence.gathered");
  }

  /** Tells what the window has room for. `false`: something waits. */
  function tell(place: Place): boolean {
    const now = clock.now();
    if (now >= place.windowEnd) {
      place.windowEnd = now + WINDOW_MS;
      place.spent = 0;
    }
    for (const member of place.untold) {
      if (member.state !== member.told) {
        if (place.spent >= limits.presenceDiffs || !append(member)) {
          theWheel().schedule(place, place.windowEnd - now);
          return false;
        }
        place.spent++;
      }
      place.untold.delete(member);
      forgetIfGone(member);
    }
    return true;
  }

  /** `false`: the log has no room for it now. */
  function append(member: MemberRecord): boolean {
    const { place, name, state, told } = member;
    const event = state === undefined ? "leave" : told === undefined ? "join" : "update";
    try {
      logs.append(place.log, { event, payload: entryPayload(name, state) });
    } catch {
      metrics?.count("presence.put-off");
      return false;
    }
    metrics?.count(COUNTERS[event]);
    member.told = state;
    return true;
  }

  // --- records ---

  function createMember(log: string, name: string): MemberRecord {
    const place = places.get(log) ?? createPlace(log);
    const { presenceMembers } = limits;
    if (place.members.size >= presenceMembers) throw tooManyMembers(log, presenceMembers);
    const member: MemberRecord = { place, name, holders: new Set(), state: undefined, told: undefined, bytes: 0 };
    place.members.set(name, member);
    return member;
  }

  function createPlace(log: string): Place {
    const place: Place = {
      log,
      unpin: logs.pin(log),
      members: new Map(),
      untold: new Set(),
      windowEnd: 0,
      spent: 0,
      fire: () => void tell(place),
    };
    places.set(log, place);
    return place;
  }

  function createHolder(id: string, leaseMs: number): Holder {
    const holder: Holder = { id, holds: new Set(), leaseMs, leaseEnd: 0, fire: () => lookAt(holder) };
    holders.set(id, holder);
    renewOne(holder, leaseMs);
    theWheel().schedule(holder, leaseMs);
    return holder;
  }

  /** Of nobody who is there, waits to be told, or is told of, anything is kept. */
  function forgetIfGone(member: MemberRecord): void {
    const { place, name, state, told } = member;
    if (state !== undefined || told !== undefined || place.untold.has(member)) return;
    weigh(member, 0);
    place.members.delete(name);
    if (place.members.size > 0) return;
    wheel?.cancel(place);
    places.delete(place.log);
    place.unpin();
  }

  function forgetHolder(holder: Holder): void {
    wheel?.cancel(holder);
    holders.delete(holder.id);
  }

  function weigh(member: MemberRecord, bytes: number): void {
    logs.reserve(member.place.log, bytes - member.bytes);
    member.bytes = bytes;
  }

  // --- leases ---

  function theWheel(): TimerWheel {
    wheel ??= createTimerWheel(clock);
    return wheel;
  }

  function renewOne(holder: Holder, leaseMs: number): void {
    holder.leaseMs = leaseMs;
    holder.leaseEnd = Math.max(holder.leaseEnd, clock.now() + leaseMs);
  }

  /** Renewals move nothing in the wheel: the lease is looked at when it would have ended. */
  function lookAt(holder: Holder): void {
    const now = clock.now();
    if (now - holder.leaseEnd > STOOD_STILL_MS) renewOne(holder, holder.leaseMs);
    if (holder.leaseEnd > now) {
      theWheel().schedule(holder, holder.leaseEnd - now);
      return;
    }
    metrics?.count("presence.lapsed");
    for (const member of [...holder.holds]) letGo(member, holder);
    forgetHolder(holder);
  }

  return {
    async touch(channel, entry, leaseMs) {
      logs.begin();
      touch(channel, entry, leaseMs);
    },
    async leave(channel, claim) {
      logs.begin();
      leave(channel, claim);
    },
    async list(channel): Promise<Members> {
      logs.begin();
      const log = presenceLog(channel);
      const members: Member[] = [];
      for (const { name, told } of places.get(log)?.members.values() ?? []) {
        if (told !== undefined) members.push({ member: name, state: told });
      }
      return { members, at: logs.head(log) };
    },
    async renew(ids, leaseMs) {
      logs.begin();
      for (const id of ids) {
        const holder = holders.get(id);
        if (holder) renewOne(holder, leaseMs);
      }
    },
    clear() {
      for (const task of [...holders.values(), ...places.values()]) wheel?.cancel(task);
      holders.clear();
      places.clear();
    },
  };
}

const COUNTERS = { join: "presence.joins", update: "presence.updates", leave: "presence.leaves" } as const;

function bytesOf({ name }: MemberRecord, state: string, holders: number): number {
  return MEMBER_BYTES + utf8Length(name) + utf8Length(state) + holders * HOLDER_BYTES;
}

/** The state goes in as it came. */
function entryPayload(member: string, state: string | undefined): Payload {
  if (state === undefined) return jsonPayload({ member });
  return { kind: "json", data: `{"member":${JSON.stringify(member)},"state":${state}}` };
}
