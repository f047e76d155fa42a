/** What a hub does about tabs that do not do their part. */
import { describe, expect, test } from "vitest";
import type { Subscription } from "../../../src/client/subscription.ts";
import { createHubHost } from "../../../src/client/tabs/hub-host.ts";
import { createPortPair } from "../../../src/client/tabs/port.ts";
import { createTabHub } from "../../../src/client/tabs/tab-hub.ts";
import {
  TAB_WIRE_VERSION,
  type TabHello,
  type TabPort,
  type ToHub,
  type ToTab,
} from "../../../src/client/tabs/tab-wire.ts";
import { createFakeClock, createSeededRandom } from "../../../src/testing/index.ts";
import { runOf, WELCOME } from "../support.ts";

const HELLO: TabHello = {
  t: "hello",
  v: TAB_WIRE_VERSION,
  client: "c1",
  present: false,
  url: "http://127.0.0.1/eitherway",
  streamChange: "break-first",
  interests: [{ n: 1, channel: "room", from: "start" }],
  visible: true,
};

/** More than the 10,000 that a hub has on their way to one tab. */
const TOO_MANY = 10_050;

function createScene() {
  const clock = createFakeClock();
  let feeds = new Map<string, Subscription>();
  let over = false;
  const hub = createTabHub({
    clock,
    createUpstream: (events) => ({
      state: { name: "up", welcome: WELCOME },
      update() {
        feeds = events.wanted();
      },
      woken() {},
      reconnect() {},
      distrust() {},
      async renewLease() {},
      close() {},
    }),
    over() {
      over = true;
    },
  });
  function join() {
    const heard: ToTab[] = [];
    const port: TabPort = { send: (message) => heard.push(message), listen() {}, close() {} };
    const seat = hub.join(port, HELLO);
    return { heard, seat };
  }
  return {
    clock,
    join,
    get over() {
      return over;
    },
    say: (count: number, first = 1) => {
      for (let n = first; n < first + count; n++) feeds.get("room")?.take(runOf("room", n, `m${n}`));
    },
  };
}

function createHost() {
  const clock = createFakeClock();
  const host = createHubHost({
    clock,
    random: createSeededRandom(1),
    wakeups: () => () => {},
    transports: [],
    createNetworkMemory: () => ({ recall: () => undefined, remember() {} }),
    createId: () => "h1",
  });
  return { clock, host };
}

describe("a hub", () => {
  test("answers at once, says welcome, then what was asked for", () => {
    const { join, say } = createScene();
    const { heard } = join();
    say(2);
    expect(heard.map(({ t }) => t)).toEqual(["here", "welcome", "frame", "frame"]);
  });

  test("lets a tab go that does not read what it is sent, and keeps one that does (P6, P7)", () => {
    const { join, say } = createScene();
    const [idle, busy] = [join(), join()];
    say(5_000);
    busy.seat.message({ t: "ping", taken: busy.heard.length, visible: true, present: false });
    say(TOO_MANY - 5_000, 5_001);
    expect(idle.heard.at(-1)).toEqual({ t: "ended", message: "the tab did not read what the hub sent it" });
    expect(idle.heard.length).toBeLessThan(TOO_MANY);
    expect(busy.heard.at(-1)?.t).toBe("frame");
  });

  test("lets a tab go that it has not heard for minutes, and ends soon after the last one (P6)", () => {
    const scene = createScene();
    const [silent, alive] = [scene.join(), scene.join()];
    for (let minute = 0; minute < 6; minute++) {
      alive.seat.message({ t: "ping", taken: 0, visible: false, present: false });
      scene.clock.advance(60_000);
    }
    expect(silent.heard.at(-1)).toEqual({ t: "ended", message: "the hub heard nothing of the tab" });
    expect(alive.heard.at(-1)).toEqual({ t: "pong" });
    alive.seat.message({ t: "bye" });
    expect(scene.over).toBe(false); // it may be a reload
    scene.clock.advance(2_000);
    expect(scene.over).toBe(true);
    expect(scene.clock.pending).toBe(0);
  });

  test("keeps no port of a tab that knocked and never said hello (P6)", async () => {
    const { clock, host } = createHost();
    const [tab, hub] = createPortPair<ToTab, ToHub>();
    let closed = false;
    tab.listen({
      message() {},
      closed() {
        closed = true;
      },
    });
    host.accept(hub);
    clock.advance(9_000);
    await clock.settle();
    expect(closed).toBe(false);
    clock.advance(1_000);
    await clock.settle();
    expect(closed).toBe(true);
  });

  test("of another release is of no use to a tab, and says so", async () => {
    const { clock, host } = createHost();
    const [tab, hub] = createPortPair<ToTab, ToHub>();
    const heard: ToTab[] = [];
    host.accept(hub);
    tab.listen({ message: (message) => heard.push(message), closed() {} });
    tab.send({ ...HELLO, v: TAB_WIRE_VERSION + 1 });
    await clock.settle();
    expect(heard).toEqual([
      { t: "ended", message: `the hub is of another release: it speaks version ${TAB_WIRE_VERSION}` },
    ]);
  });
});
