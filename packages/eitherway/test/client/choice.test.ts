/** Which link a client uses, why, and what that means for what it carries: choice, race, demotion, promotion, sleep. */
import { describe, expect, test } from "vitest";
import { createStage, type FakeLink, idOf, outcome, runOf, type Stage, WELCOME } from "./support.ts";

const LISTENER = (): void => {};
const MINUTE_MS = 60_000;

/** The transports of the links so far, in a word each; those that were closed in brackets. */
const links = ({ links }: Stage): string =>
  links.map(({ transport, closed }) => (closed ? `(${transport})` : transport)).join(" ");

/** Every channel of the hello is live at once, at this seq. */
function welcomeAt(seq: number) {
  return (link: FakeLink): void => {
    link.say(WELCOME);
    for (const channel of link.hello.keys()) link.say({ t: "live", channel, id: idOf(seq) });
  };
}

describe("auto", () => {
  test("lets a WebSocket that is not open within 2 s race a stream, and takes who is open first", async () => {
    const stage = createStage({ onLink: (link) => link.transport === "sse" && link.say(WELCOME) });
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(1_900);
    expect([links(stage), stage.client.status.state]).toEqual(["websocket", "connecting"]);
    await stage.pass(200);
    expect(links(stage)).toBe("(websocket) sse");
    expect(stage.client.status).toMatchObject({
      state: "open",
      transport: "sse",
      why: "websocket did not open within 2 s",
      links: 1,
    });
  });

  test("a WebSocket that opens late, yet before the stream, wins", async () => {
    const stage = createStage({ onLink: () => {} });
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(2_500);
    expect(links(stage)).toBe("websocket sse");
    stage.links[0]?.say(WELCOME);
    await stage.settle();
    expect(links(stage)).toBe("websocket (sse)");
    expect(stage.client.status.transport).toBe("websocket");
  });

  test("begins with what worked on this network before, and says so", async () => {
    const stage = createStage({ recalled: "sse" });
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    expect(links(stage)).toBe("sse");
    expect(stage.client.status.why).toBe("sse worked the last time");
  });

  test("what holds for 10 s is remembered for the next client, what does not is not", async () => {
    const stage = createStage({ onLink: (link) => link.transport === "poll" && link.say(WELCOME) });
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(13_900);
    expect(stage.remembered).toBeUndefined();
    await stage.pass(200);
    expect(stage.remembered).toBe("poll");
  });
});

describe("a stream that is open but mute", () => {
  test("is given up when the first ping does not come, for long-poll, which goes on at the cursor (P2, P3)", async () => {
    const stage = createStage({ transport: ["sse", "poll"], onLink: welcomeAt(7) });
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(3_900);
    expect(links(stage)).toBe("sse");
    await stage.pass(200);
    expect(links(stage)).toBe("(sse) poll");
    expect([...stage.link.hello]).toEqual([["room", idOf(7)]]);
    expect(stage.client.status).toMatchObject({ transport: "poll", holes: 0, gaps: 0 });
    expect(stage.client.status.why).toMatch(/^sse was open but mute/);
    await stage.client.close();
    expect(stage.clock.pending).toBe(0); // nobody watches the stream any more
  });

  test("is given up when the end of a replay does not come, nor a ping (P2, P3)", async () => {
    const stage = createStage({ transport: ["sse", "poll"] });
    const seen: unknown[] = [];
    stage.client.channel("room", { from: idOf(3) }).on("message", (data) => {
      seen.push(data);
    });
    await stage.pass(1_000);
    stage.link.say(runOf("room", 4, "a", "b")); // a buffer's worth came through; the rest is held back
    await stage.pass(22_000);
    expect(links(stage)).toBe("sse");
    await stage.pass(1_000);
    expect(links(stage)).toBe("(sse) poll");
    expect([...stage.link.hello]).toEqual([["room", idOf(5)]]);
    expect(seen).toEqual(["a", "b"]);
  });

  test("is left alone when the ping has come: it only has nothing to say", async () => {
    const stage = createStage({ transport: ["sse", "poll"], onLink: welcomeAt(7) });
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(1_000);
    stage.link.say({ t: "ping" });
    await stage.pass(37_000);
    expect(links(stage)).toBe("sse");
    const slow = createStage({ transport: ["sse", "poll"] }); // a store that takes its time
    slow.client.channel("room").on("message", LISTENER);
    await slow.pass(1_000);
    for (let i = 0; i < 10; i++) {
      slow.link.say({ t: "ping" });
      await slow.pass(WELCOME.ping);
    }
    expect(links(slow)).toBe("sse");
  });
});

describe("promotion", () => {
  /** Only polls get through until `through` is set. */
  function onlyPolls() {
    const door = { through: false };
    const onLink = (link: FakeLink): void => {
      if (link.transport === "poll" || door.through) welcomeAt(7)(link);
      else link.end({ message: "no way" });
    };
    return { door, onLink };
  }

  test("the better transport is probed, takes over when it answers, and goes on exactly where the old link was (P2, P3, P5)", async () => {
    const { door, onLink } = onlyPolls();
    const stage = createStage({ onLink });
    const seen: unknown[] = [];
    const room = stage.client.channel("room", { from: idOf(3) });
    room.on("message", (data) => {
      seen.push(data);
    });
    await stage.settle();
    const poll = stage.link;
    expect(poll.transport).toBe("poll");
    door.through = true;
    const answer = outcome(room.publish("x"));
    await stage.settle();
    poll.say(runOf("room", 8, "a"));
    const pulse = async (): Promise<void> => {
      poll.alive();
      await stage.pass(10_000);
    };
    while (!poll.closed && stage.clock.now() < 3 * MINUTE_MS) await pulse();
    expect(stage.link.transport).toBe("websocket");
    expect(links(stage)).toBe("(websocket) (sse) (poll) websocket");
    expect([...stage.link.hello]).toEqual([["room", idOf(8)]]);
    expect(stage.link.keys).toEqual(["c1.1"]); // unanswered, so it goes again
    poll.say(runOf("room", 9, "old link"), { t: "ok", key: "c1.1", id: idOf(9) });
    stage.link.say(runOf("room", 8, "a", "b"), { t: "ok", key: "c1.1", id: idOf(10) });
    await stage.settle();
    expect([seen, answer.now]).toEqual([["a", "b"], idOf(10)]);
    expect(stage.client.status).toMatchObject({
      transport: "websocket",
      why: "websocket is better, and was tried again",
      holes: 0,
    });
  });

  test("a probe that fails changes nothing", async () => {
    const { onLink } = onlyPolls();
    const stage = createStage({ onLink });
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    const poll = stage.link;
    for (let i = 0; i < 12; i++) {
      await stage.pass(10_000);
      poll.alive();
    }
    expect(stage.links.length).toBeGreaterThan(4);
    expect([poll.closed, stage.client.status.transport, stage.client.status.links]).toEqual([false, "poll", 1]);
  });

  test("a probe whose hello was overtaken by the link in use does not take over: what lies between would be lost (P2)", async () => {
    let probe: FakeLink | undefined;
    const stage = createStage({
      onLink(link) {
        if (link.transport === "poll") link.say(WELCOME);
        else if (stage.links.length > 3) probe ??= link;
        else link.end();
      },
    });
    const seen: unknown[] = [];
    stage.client.channel("room").on("message", (data) => {
      seen.push(data);
    });
    await stage.settle();
    const poll = stage.link;
    while (!probe && stage.clock.now() < 3 * MINUTE_MS) {
      await stage.pass(1_000);
      poll.alive();
    }
    expect([...(probe?.hello ?? [])]).toEqual([["room", "now"]]);
    poll.say({ t: "live", channel: "room", id: idOf(5) });
    probe?.say(WELCOME, { t: "live", channel: "room", id: idOf(7) });
    poll.say(runOf("room", 6, "a", "b"));
    expect(seen).toEqual(["a", "b"]);
    expect([poll.closed, probe?.closed]).toEqual([false, true]);
  });
});

describe("sleep and waking", () => {
  test("a page that is put away closes its link, and goes on at the cursor when it comes back (P2)", async () => {
    const stage = createStage({ onLink: welcomeAt(7) });
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    stage.sleep();
    await stage.settle();
    expect([links(stage), stage.client.status.state]).toEqual(["(websocket)", "asleep"]);
    expect(stage.clock.pending).toBe(0);
    stage.wake();
    await stage.settle();
    expect([...stage.link.hello]).toEqual([["room", idOf(7)]]);
    expect(stage.client.status.state).toBe("open");
  });

  test("put away and brought back within a second, it is not left asleep", async () => {
    const stage = createStage();
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    stage.wake();
    stage.sleep();
    stage.wake();
    await stage.settle();
    expect(stage.client.status.state).toBe("open");
  });

  test("a publish while the page is put away waits and is sent afterwards (P5)", async () => {
    const stage = createStage();
    const room = stage.client.channel("room");
    room.on("message", LISTENER);
    await stage.settle();
    stage.sleep();
    outcome(room.publish("x"));
    await stage.settle();
    expect(stage.links).toHaveLength(1);
    stage.wake();
    await stage.settle();
    expect(stage.link.keys).toEqual(["c1.1"]);
  });

  test("a device that slept finds out within seconds that its link is dead, though no event says so (P2)", async () => {
    const stage = createStage({ onLink: welcomeAt(7) });
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(6_000);
    stage.clock.stepWall(MINUTE_MS); // timers and the monotonic clock stood still
    await stage.pass(5_000);
    expect(links(stage)).toBe("(websocket) websocket");
    expect(stage.client.status.lastError?.message).toMatch(/^nothing arrived for /);
  });

  test("a link that hangs in connecting since before the sleep is begun anew at the waking", async () => {
    const stage = createStage({ onLink: () => {} });
    stage.client.channel("room").on("message", LISTENER);
    await stage.pass(1_000);
    stage.wake();
    expect(links(stage)).toBe("websocket");
    stage.clock.stepWall(MINUTE_MS);
    await stage.pass(500);
    stage.wake();
    await stage.settle();
    expect(links(stage)).toBe("(websocket) websocket");
  });
});

describe("the timeline", () => {
  test("tells links, causes, resumes and gaps, oldest first", async () => {
    const stage = createStage({
      onLink: (link) => (link.transport === "sse" ? welcomeAt(7)(link) : link.end({ message: "no upgrade" })),
    });
    stage.client.channel("room").on("message", LISTENER);
    await stage.settle();
    stage.link.say({ t: "gap", channel: "room", why: "trimmed", oldest: idOf(8), head: idOf(9) });
    stage.link.say({ t: "bye", code: "slow", message: "Too slow." });
    await stage.settle();
    const told = stage.client
      .timeline()
      .map(({ what, transport, channel, why }) =>
        [what, transport, channel, why].filter((part) => part !== undefined).join(" "),
      );
    expect(told.slice(0, -1)).toEqual([
      "connecting websocket websocket is the first choice",
      "ended websocket no upgrade",
      "connecting sse websocket did not get through: no upgrade",
      "open sse",
      `live room ${idOf(7)}`,
      "gap room trimmed",
      "ended sse slow: Too slow.",
    ]);
    expect(told.at(-1)).toMatch(/^waiting [0-9]+ ms$/);
    expect(stage.client.timeline()[0]?.at).toBeGreaterThan(0);
  });

  test("keeps the last 200 entries (P6)", async () => {
    const stage = createStage({ transport: "sse", onLink: (link) => link.end() });
    stage.client.channel("room").on("message", LISTENER);
    for (let i = 0; i < 300; i++) {
      stage.client.reconnect();
      await stage.settle();
    }
    expect(stage.client.timeline()).toHaveLength(200);
    expect(stage.client.timeline().at(-1)?.what).toBe("waiting");
  });
});
