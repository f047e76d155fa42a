/** Presence in Redis: who holds a place lies in the slot of its log, so that a change and the diff that tells it are one step (P8). */
import {
  type BrokerParts,
  type CommandKey,
  fingerprint,
  keyName,
  keyReused,
  type Members,
  outcomeUnknown,
  type Presence,
  type PresenceClaim,
  type PresenceEntry,
  tooManyMembers,
} from "../core/index.ts";
import { type Member, presenceLog } from "../protocol/index.ts";
import type { RedisConnection } from "./connection.ts";
import { counterOf } from "./draft-arguments.ts";
import type { Due } from "./due.ts";
import type { KeyNames } from "./key-names.ts";
import { createLeases, type HeldPlace } from "./leases.ts";
import type { LogArguments } from "./log-arguments.ts";
import { loadScript, type Script } from "./scripts.ts";

interface RedisPresenceOptions extends Pick<BrokerParts, "limits" | "metrics" | "keyWindowMs"> {
  readonly connection: RedisConnection;
  readonly names: KeyNames;
  readonly logs: LogArguments;
  readonly due: Due;
}

const TOUCH = loadScript("log", "receipts", "place", "presence-touch");
const LEAVE = loadScript("log", "receipts", "place", "presence-leave");
const TELL = loadScript("log", "receipts", "place", "presence-tell");
const LIST = loadScript("log", "receipts", "place", "presence-list");
const PARTS = ["states", "told", "holds", "counts", "untold", "order", "pace"];
/** The window of `limits.presenceDiffs`: WINDOW in place.lua. */
const WINDOW_MS = 1_000;
/** Nobody has promised to look at what will wait. */
const NO_PROMISE = 0;
const NO_KEY = ["", "", "", ""];
/** In place of the number of a hold: whatever is held. */
const ANY_NUMBER = "";

/** What the scripts of a place answer. */
interface PlaceAnswer {
  readonly kind: "done" | "late" | "promise" | "full" | "reused" | "unknown";
  readonly more: number;
}

type PlaceReply = [kind: Buffer, more: number, joins: number, updates: number, leaves: number, waiting: number];

export function createRedisPresence(options: RedisPresenceOptions): Presence {
  const { connection, names, logs, due, limits, metrics, keyWindowMs } = options;
  const leases = createLeases({ ...options, letGo });
  due.on("place", tell);

  async function touch(channel: string, entry: PresenceEntry, leaseMs: number): Promise<void> {
    const { member, holder, state, key } = entry;
    const place: HeldPlace = { log: presenceLog(channel), member };
    for (;;) {
      const { number, ends } = await leases.hold(holder, place, leaseMs);
      const held = [textOf(member), holdOf(member, holder), String(number), String(ends), state];
      const answer = await promised(place.log, (until) =>
        run(TOUCH, place.log, [until, ...held, String(limits.presenceMembers), ...keyArguments(key, state)], key),
      );
      if (answer.kind === "done") return;
      if (answer.kind === "late") continue; // this node stood still: the lease may have been ended before
      await leases.release(holder, place, number);
      throw refusal(place.log, key, answer, limits.presenceMembers);
    }
  }

  async function leave(channel: string, { member, holder, key }: PresenceClaim): Promise<void> {
    const place: HeldPlace = { log: presenceLog(channel), member };
    const answer = await promised(place.log, (until) =>
      run(LEAVE, place.log, [until, textOf(member), holdOf(member, holder), ANY_NUMBER, ...keyArguments(key)], key),
    );
    if (answer.kind !== "done") throw refusal(place.log, key, answer, limits.presenceMembers);
    if (answer.more > 0) await leases.release(holder, place, answer.more);
  }

  async function letGo(holder: string, { log, member }: HeldPlace, number: number): Promise<void> {
    await promised(log, (until) =>
      run(LEAVE, log, [until, textOf(member), holdOf(member, holder), String(number), ...NO_KEY]),
    );
  }

  async function tell(log: string): Promise<number | undefined> {
    const { more } = await run(TELL, log, []);
    return more > 0 ? more : undefined;
  }

  /** A change that has to wait is made when somebody has promised to look. */
  async function promised(log: string, change: (until: string) => Promise<PlaceAnswer>): Promise<PlaceAnswer> {
    let until = NO_PROMISE;
    for (;;) {
      const answer = await change(String(until));
      if (answer.kind !== "promise") return answer;
      until = await due.promise({ kind: "place", name: log }, WINDOW_MS);
    }
  }

  async function run(script: Script, log: string, args: readonly string[], key?: CommandKey): Promise<PlaceAnswer> {
    const reply = await connection.run(
      script,
      keysOf(log, key),
      [...logs.of(log), String(limits.presenceDiffs), ...args],
      {
        repeatable: true,
      },
    );
    const [kind, more, joins, updates, leaves, waiting] = reply as PlaceReply;
    count("presence.joins", joins);
    count("presence.updates", updates);
    count("presence.leaves", leaves);
    if (waiting > 0) metrics.count("presence.gathered");
    return { kind: String(kind) as PlaceAnswer["kind"], more };
  }

  function count(name: string, times: number): void {
    if (times > 0) metrics.count(name, times);
  }

  function keysOf(log: string, key?: CommandKey): readonly string[] {
    const receipts = key ? [names.part(log, `key ${keyName("", key, undefined)}`)] : [];
    return [...logs.keys(log), ...PARTS.map((part) => names.part(log, part)), ...receipts];
  }

  function keyArguments(key: CommandKey | undefined, state?: string): readonly string[] {
    if (!key) return NO_KEY;
    const print = fingerprint(state === undefined ? "leave" : "set", { kind: "json", data: state ?? "" });
    return [counterOf(key), print, limits.inFlight, keyWindowMs].map(String);
  }

  return {
    touch,
    leave,
    renew: leases.renew,
    async list(channel): Promise<Members> {
      const log = presenceLog(channel);
      const args = [...logs.of(log), String(limits.presenceDiffs)];
      const reply = await connection.run(LIST, keysOf(log), args, { repeatable: true });
      if (reply === null) return { members: [], at: undefined };
      const [epoch, seq, ...entries] = reply as [Buffer, number, ...Buffer[]];
      const members: Member[] = [];
      for (let n = 0; n < entries.length; n += 2) {
        members.push({ member: JSON.parse(String(entries[n])) as string, state: String(entries[n + 1]) });
      }
      return { members, at: { epoch: epoch.toString("latin1"), seq } };
    },
  };
}

/** A member's name as the diffs have it. */
function textOf(member: string): string {
  return JSON.stringify(member);
}

/** The text of the name ends by itself, whatever the holder's is. */
function holdOf(member: string, holder: string): string {
  return `${textOf(member)} ${holder}`;
}

function refusal(log: string, key: CommandKey | undefined, { kind, more }: PlaceAnswer, most: number): Error {
  if (kind === "full") return tooManyMembers(log, most);
  if (key && kind === "reused") return keyReused(log, key);
  if (key && kind === "unknown") return outcomeUnknown(log, counterOf(key), more);
  return new Error(`a script of presence answered ${kind}`);
}
