/**
 * Two nodes over one store, users whose tabs come and go at random, and what the words of P8 make of that: a model that knows no
 * leases but "10 s after the last link", no logs and no nodes.
 */
import {
  createCounters,
  createHub,
  createMemoryBroker,
  DEFAULT_LIMITS,
  type Hub,
  type Link,
  type Session,
} from "../../src/core/index.ts";
import { type Cursor, type Framing, formatId, type Id, type MembersFrame, type Run } from "../../src/protocol/index.ts";
import { createFakeClock, createSeededRandom } from "../../src/testing/index.ts";
import { witnessed } from "../support/witness.ts";

const CHANNEL = "room";
const LOG = "@presence/room";
const LEASE_MS = 10_000;
/** From one act of a tab to the next. */
const LIVE_MS = [2_000, 120_000] as const;
/** Steps of time. Within one nobody does two things. */
const STEP_MS = 200;
/** A lease that ends is noticed within two ticks of the wheel and one of ours. */
const LATE_MS = 400;
/** So close to the end of a lease nobody does anything: which of the two is first would be luck. */
const TOO_CLOSE_MS = 800;

export interface Told {
  readonly user: string;
  readonly event: string;
  readonly state: string | undefined;
}

interface Expected extends Told {
  readonly at: number;
}

interface Heard extends Told {
  readonly id: Id;
  readonly at: number;
}

export interface PresenceWorldOptions {
  readonly seed: number;
  readonly users: number;
  readonly tabs: number;
}

export function createPresenceWorld({ seed, users, tabs: tabsEach }: PresenceWorldOptions) {
  const clock = createFakeClock();
  const random = createSeededRandom(seed);
  const metrics = createCounters();
  const broker = createMemoryBroker({ clock, random, metrics });
  const logger = witnessed({ error: (event: string) => faults.push(event) });
  const hubs = [0, 1].map(() => createHub({ broker, clock, random, logger, metrics, limits: DEFAULT_LIMITS }));
  const faults: string[] = [];
  let clients = 0;
  let snapshots = 0;
  const between = (least: number, most: number): number => least + random() * (most - least);
  const anyHub = (): Hub => hubs[Math.floor(random() * hubs.length)] as Hub;
  const people = Array.from({ length: users }, (_, n) => createPerson(`user-${n}`, clock.now));
  /** What is to be done, by step. */
  const agenda = new Map<number, (() => void)[]>();
  for (const person of people) for (let n = 0; n < tabsEach; n++) createTab(person);
  const readers = hubs.map((hub) => createReader(hub));
  // --- tabs ---

  function later(ms: number, run: () => void): void {
    const step = Math.ceil((clock.now() + ms) / STEP_MS);
    const runs = agenda.get(step);
    if (runs) runs.push(run);
    else agenda.set(step, [run]);
  }

  function createTab(person: Person): void {
    let client = "";
    let commands = 0;
    let session: Session | undefined;
    let isHere = false;

    function then(run: () => void, ms: number): void {
      later(ms, () => act(run));
    }

    function act(run: () => void): void {
      if (person.isBusy() || person.isAboutToLeave()) then(run, STEP_MS);
      else {
        person.busy();
        run();
      }
    }

    /** A page is loaded, or a connection is back. */
    function open(): void {
      client ||= `c${++clients}`;
      session = anyHub().open(createSilentLink(), hello(client, new Map(), true), { client, user: person.name });
      set();
      then(live, between(...LIVE_MS));
    }

    function live(): void {
      const dice = random();
      if (dice < 0.35) {
        if (dice < 0.25) set();
        else leave();
        then(live, between(...LIVE_MS));
      } else if (dice < 0.5)
        cut(between(STEP_MS, 9_000)); // a tunnel, a change of networks
      else if (dice < 0.65) reload();
      else cut(between(LEASE_MS, 500_000)); // away for longer
    }

    function cut(awayMs: number): void {
      session?.closed();
      if (isHere) {
        person.cut(client);
        later(LEASE_MS, person.tick);
      }
      then(open, awayMs);
    }

    /** The page that comes is another client; the lease of the one that went runs out. */
    function reload(): void {
      cut(between(300, 5_000));
      isHere = false;
      client = "";
    }

    function set(): void {
      const state = JSON.stringify(Math.floor(random() * 3));
      session?.receive({ t: "presence", key: `${client}.${++commands}`, channel: CHANNEL, state });
      isHere = true;
      person.set(client, state);
    }

    function leave(): void {
      session?.receive({ t: "presence", key: `${client}.${++commands}`, channel: CHANNEL });
      isHere = false;
      person.leave(client);
    }

    then(open, between(0, 60_000));
  }

  // --- readers ---

  /** Follows the log of one node; cut now and then, it goes on at its cursor. */
  function createReader(hub: Hub) {
    const heard: Heard[] = [];
    const members = new Map<string, string>();
    let cursor: Cursor = "now";
    let session: Session | undefined;

    const framing: Framing = {
      name: "reader",
      run(run) {
        for (const one of read(run)) {
          cursor = one.id;
          heard.push(one);
          follow(members, one, faults);
        }
        return NOTHING;
      },
      frame(frame) {
        if (frame.t === "presence") {
          if (heard.length > 0) faults.push("a reader that goes on at its cursor got a snapshot");
          cursor = frame.id;
        }
        return NOTHING;
      },
    };
    const connect = (): void => {
      session = hub.open(createSilentLink(framing), hello("reader", new Map([[LOG, cursor]])), { client: "reader" });
    };
    connect();
    return {
      heard,
      cut() {
        session?.closed();
        connect();
      },
      /** Who is there by the messages up to an id. */
      membersAt(id: Id): Map<string, string> {
        const then = new Map<string, string>();
        for (const one of heard) if (one.id <= id) follow(then, one, []);
        return then;
      },
    };
  }

  function read({ epoch, messages }: Run): Heard[] {
    return messages.map(({ seq, event, payload }) => {
      const { member, state } = JSON.parse(String(payload.data)) as { member: string; state?: unknown };
      const text = state === undefined ? undefined : JSON.stringify(state);
      return { id: formatId(epoch as string, seq), at: clock.now(), user: member, event, state: text };
    });
  }

  /** A newcomer's first frame says what the log says up to its id. */
  async function lookIn(): Promise<void> {
    const seen: MembersFrame[] = [];
    const framing: Framing = {
      name: "newcomer",
      run: () => NOTHING,
      frame(frame) {
        if (frame.t === "presence") seen.push(frame);
        return NOTHING;
      },
    };
    const session = anyHub().open(createSilentLink(framing), hello("new", new Map([[LOG, "now"]])), { client: "new" });
    await clock.settle();
    session.closed();
    const [snapshot] = seen;
    if (!snapshot) {
      faults.push("no snapshot came");
      return;
    }
    snapshots++;
    const said = snapshot.members.map(({ member, state }) => `${member} ${state}`).sort();
    const log = [...(readers[0]?.membersAt(snapshot.id) ?? [])].map(([member, state]) => `${member} ${state}`).sort();
    if (said.join() !== log.join()) faults.push(`a snapshot at ${snapshot.id} is not what the log says`);
    const names = new Set(snapshot.members.map(({ member }) => member));
    const missing = people.filter((person) => person.isSurelyHere() && !names.has(person.name));
    const extra = people.filter((person) => person.isSurelyGone() && names.has(person.name));
    if (missing.length + extra.length > 0)
      faults.push(`a snapshot misses ${missing.length}, has ${extra.length} too many`);
  }

  return {
    async run(ms: number): Promise<void> {
      await clock.settle();
      for (let passed = 0; passed < ms; passed += STEP_MS) {
        clock.advance(STEP_MS);
        const step = Math.round(clock.now() / STEP_MS);
        const runs = agenda.get(step) ?? [];
        agenda.delete(step);
        for (const run of runs) run();
        if (runs.length > 0) await clock.settle();
        if (random() < 0.01) await lookIn();
        for (const reader of readers) if (random() < 0.002) reader.cut();
      }
      clock.advance(LATE_MS);
      await clock.settle();
      for (const person of people) person.tick();
    },

    outcome() {
      const told = readers.map(({ heard }) => heard.map(({ id, user, event, state }) => ({ id, user, event, state })));
      return { told, expected: people.flatMap(({ expected }) => expected), snapshots, counters: metrics.all };
    },

    /** Where the log and the model tell different stories; empty in a good world. */
    differences(): string[] {
      const heard = readers[0]?.heard ?? [];
      const wrong = people.flatMap(({ name, expected }) => {
        return compare(
          name,
          heard.filter(({ user }) => user === name),
          expected,
        );
      });
      return [...faults, ...wrong].slice(0, 20);
    },
  };
}

// --- the model ---

type Person = ReturnType<typeof createPerson>;

/** What P8 says of one user. */
function createPerson(name: string, now: () => number) {
  /** Until when each client holds: for ever, or 10 s after its last link. */
  const holds = new Map<string, number>();
  const expected: Expected[] = [];
  let state: string | undefined;
  let lastAct = Number.NEGATIVE_INFINITY;
  let lapsed = Number.NEGATIVE_INFINITY;

  const end = (): number => Math.max(Number.NEGATIVE_INFINITY, ...holds.values());
  const expect = (event: string, at: number, of?: string): void =>
    void expected.push({ user: name, event, state: of, at });

  function go(at: number): void {
    holds.clear();
    state = undefined;
    expect("leave", at);
  }

  return {
    name,
    expected,
    set(client: string, next: string): void {
      holds.set(client, Number.POSITIVE_INFINITY);
      if (state !== next) expect(state === undefined ? "join" : "update", now(), next);
      state = next;
    },
    cut(client: string): void {
      if (holds.has(client)) holds.set(client, now() + LEASE_MS);
    },
    leave(client: string): void {
      holds.delete(client);
      if (state !== undefined && end() <= now()) go(now());
    },
    /** Time has passed. */
    tick(): void {
      if (state === undefined || end() > now()) return;
      lapsed = end();
      go(lapsed);
    },
    /** A lease ends about now, or has just ended. */
    isAboutToLeave: () => [lapsed, ...holds.values()].some((until) => Math.abs(until - now()) < TOO_CLOSE_MS),
    isSurelyHere: () => state !== undefined && end() > now() && now() > lastAct,
    isSurelyGone: () => state === undefined && now() > (expected.at(-1)?.at ?? 0) + LATE_MS + STEP_MS,
    /** Somebody of this user has done something in this step. */
    isBusy: () => lastAct === now(),
    busy(): void {
      lastAct = now();
    },
  };
}

/** The first place where the two differ. */
function compare(name: string, heard: readonly Heard[], expected: readonly Expected[]): string[] {
  for (let i = 0; i < Math.max(heard.length, expected.length); i++) {
    const [one, due] = [heard[i], expected[i]];
    const isSame = one && due && one.event === due.event && one.state === due.state;
    if (isSame && one.at >= due.at && one.at <= due.at + LATE_MS) continue;
    return [`${name}: ${one ? describe(one) : "nothing"}, the model has ${due ? describe(due) : "nothing"}`];
  }
  return [];
}

function describe({ event, state, at }: Omit<Expected, "user">): string {
  return `${event} ${state ?? ""} at ${at}`;
}

/** Applies one message. A join of somebody who is there, or anything else of somebody who is not, is a fault. */
function follow(members: Map<string, string>, { user, event, state }: Told, faults: string[]): void {
  if (members.has(user) !== (event !== "join")) faults.push(`${event} of ${user}`);
  if (event === "leave") members.delete(user);
  else members.set(user, state ?? "");
}

// --- links ---

const NOTHING = new Uint8Array(0);
const SILENT: Framing = { name: "silent", run: () => NOTHING, frame: () => NOTHING };

function createSilentLink(framing = SILENT): Link {
  return {
    framing,
    transport: "poll",
    heartbeat: "none",
    pendingBytes: 0,
    write: () => true,
    cork() {},
    uncork() {},
    setReading() {},
    close() {},
  };
}

function hello(client: string, channels: ReadonlyMap<string, Cursor>, present = false) {
  return { t: "hello", client, channels, present } as const;
}
