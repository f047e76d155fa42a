import { describe, expect, test } from "vitest";
import { rawConnect, requestText } from "../node/support.ts";
import { type Doors, type DoorsOptions, eventually, openEvents, startDoors } from "./support.ts";

function open(doors: Doors, query: string, lastEventId?: string) {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  return openEvents(`${doors.url}/events?${query}`, { headers });
}

/** A server without pings in the way. */
function quietDoors(options: DoorsOptions = {}) {
  return startDoors({ pingMs: 1e9, ...options });
}

test("the links of HTTP are told apart: plain EventSource, the streams of clients, and requests that wait", async () => {
  const doors = await quietDoors();
  const plain = await open(doors, "channel=a");
  const stream = await openEvents(`${doors.url}/stream`, {
    method: "POST",
    body: JSON.stringify({ t: "hello", v: 1, client: "c", channels: { a: "now" } }),
  });
  const waiting = fetch(`${doors.url}/channels/a?after=now&wait=20`);
  await eventually(() => doors.hub.stats().links === 3);
  expect(doors.hub.stats().transports).toEqual({ websocket: 0, sse: 1, events: 1, poll: 1 });
  await doors.publish("a", "1");
  await (await waiting).text();
  plain.cancel();
  stream.cancel();
});

describe("one channel", () => {
  test("data is the payload, id the message's, event its name unless it is message", async () => {
    const doors = await quietDoors();
    const post = (body: string | Uint8Array, headers: Record<string, string>) =>
      fetch(`${doors.url}/channels/room/42`, { method: "POST", body: body as BodyInit, headers });
    await post('{ "n": 1 }', { "content-type": "application/json" });
    await post(" two\r\nlines", { "content-type": "text/plain", "eitherway-event": "note" });
    await post(new Uint8Array([0, 255]), { "content-type": "application/octet-stream" });
    const page = await (await fetch(`${doors.url}/channels/room/42`)).json();
    const ids = page.messages.map((message: { id: string }) => message.id);
    const events = await open(doors, "channel=room%2F42&after=start");
    expect([await events.next(), await events.next(), await events.next()]).toEqual([
      { id: ids[0], event: undefined, data: '{ "n": 1 }' },
      { id: ids[1], event: "note", data: " two\nlines" }, // an event stream has one kind of line end
      { id: ids[2], event: undefined, data: "AP8=" },
    ]);
  });

  test("history first, then live, and with the last id it continues exactly (P2, P3, S7)", async () => {
    const doors = await quietDoors();
    await doors.publish("a", "1", "2");
    const first = await open(doors, "channel=a&after=start");
    expect([(await first.next()).data, (await first.next()).data]).toEqual(["1", "2"]);
    await doors.publish("a", "3");
    expect((await first.next()).data).toBe("3");
    first.cancel();
    await doors.publish("a", "4");
    const second = await open(doors, "channel=a&after=start", first.lastEventId());
    expect((await second.next()).data).toBe("4");
    await doors.publish("a", "5");
    expect((await second.next()).data).toBe("5");
  });

  test("a stream that saw no message still knows its place: live is an id without an event (S4)", async () => {
    const doors = await quietDoors();
    const first = await open(doors, "channel=a");
    await eventually(() => first.lastEventId() !== undefined);
    first.cancel();
    await doors.publish("a", "missed");
    const second = await open(doors, "channel=a", first.lastEventId());
    expect((await second.next()).data).toBe("missed");
  });

  test("Last-Event-ID wins over lastEventId, that one over after; without any, now (S6)", async () => {
    const doors = await quietDoors();
    const [one, two, three] = await doors.publish("a", "1", "2", "3", "4");
    const firstOf = async (query: string, header?: string) => {
      const events = await open(doors, `channel=a${query}`, header);
      const { data } = await events.next();
      events.cancel();
      return data;
    };
    expect(await firstOf(`&lastEventId=${one}&after=${two}`, three)).toBe("4");
    expect(await firstOf(`&lastEventId=${two}&after=${one}`)).toBe("3");
    expect(await firstOf(`&after=${one}`)).toBe("2");
    expect(await firstOf("&after=start", "")).toBe("1");
    const now = await open(doors, "channel=a");
    await eventually(() => now.lastEventId() !== undefined);
    await doors.publish("a", "5");
    expect((await now.next()).data).toBe("5");
  });

  test("pings are dispatched, change no cursor and fire nobody's message handler (S10)", async () => {
    const doors = await startDoors({ pingMs: 15_000 });
    const [id] = await doors.publish("a", "1");
    const events = await open(doors, "channel=a&after=start");
    await events.next();
    doors.skip(15_000);
    expect(await events.next()).toMatchObject({ event: "ping", id: undefined, data: "{}" });
    expect(events.lastEventId()).toBe(id);
  });
});

describe("loss is told in the stream (P2, S8)", () => {
  test("a trimmed cursor: event gap, whose id is the head", async () => {
    const doors = await quietDoors({ retention: { messages: 1 } });
    const [one, , head] = await doors.publish("a", "1", "2", "3");
    const events = await open(doors, "channel=a", one);
    const gap = await events.next();
    expect(gap).toMatchObject({ event: "gap", id: head });
    expect(JSON.parse(gap.data)).toEqual({ channel: "a", why: "trimmed", oldest: head, head });
    await doors.publish("a", "4");
    expect((await events.next()).data).toBe("4");
  });

  for (const header of ["nonsense", "0", "start now", "000000000000-0000000", "\u0001".replace("\u0001", "x,y")]) {
    test(`Last-Event-ID ${JSON.stringify(header)}, which is none: gap unknown, then on from the head`, async () => {
      const doors = await quietDoors();
      const [head] = await doors.publish("a", "1");
      const events = await open(doors, "channel=a&after=start", header);
      const gap = await events.next();
      expect(gap).toMatchObject({ event: "gap", id: head });
      expect(JSON.parse(gap.data)).toMatchObject({ channel: "a", why: "unknown", head });
      await doors.publish("a", "2");
      expect((await events.next()).data).toBe("2");
    });
  }

  test("of several cursors only the broken one is a gap", async () => {
    const doors = await quietDoors();
    const [a] = await doors.publish("a", "a1", "a2");
    await doors.publish("b", "b1");
    const events = await open(doors, "channel=a&channel=b", `${a},nonsense`);
    const seen = [await events.next(), await events.next()];
    const gap = seen.find((event) => event.event === "gap");
    const message = seen.find((event) => event.event !== "gap");
    expect(JSON.parse(gap?.data ?? "")).toMatchObject({ channel: "b", why: "unknown" });
    expect(JSON.parse(message?.data ?? "")).toMatchObject({ channel: "a", text: "a2" });
  });

  test("a wrong number of cursors in Last-Event-ID is a gap for each channel", async () => {
    const doors = await quietDoors();
    const [a] = await doors.publish("a", "a1", "a2");
    await doors.publish("b", "b1");
    const events = await open(doors, "channel=a&channel=b", a);
    const gaps = [await events.next(), await events.next()].map((event) => JSON.parse(event.data));
    expect(gaps.map((gap) => `${gap.channel} ${gap.why}`).sort()).toEqual(["a unknown", "b unknown"]);
  });
});

describe("several channels", () => {
  test("data is the message as JSON, each write ends with all cursors, and the last id continues exactly (P2, P3)", async () => {
    const doors = await quietDoors();
    await doors.publish("a", "a1");
    await doors.publish("b", "b1");
    const first = await open(doors, "channel=b&channel=a&after=start,start");
    const seen = [JSON.parse((await first.next()).data), JSON.parse((await first.next()).data)];
    expect(seen.map(({ channel, text }) => `${channel} ${text}`).sort()).toEqual(["a a1", "b b1"]);
    await eventually(() => /^id: [^\n]+,[^\n]+\n\n$/m.test(first.text()));
    const ids = Object.fromEntries(seen.map(({ channel, id }) => [channel, id]));
    await eventually(() => first.lastEventId() === `${ids.b},${ids.a}`);
    first.cancel();
    await doors.publish("a", "a2");
    await doors.publish("b", "b2");
    const second = await open(doors, "channel=b&channel=a", first.lastEventId());
    const after = [JSON.parse((await second.next()).data), JSON.parse((await second.next()).data)];
    expect(after.map(({ channel, text }) => `${channel} ${text}`).sort()).toEqual(["a a2", "b b2"]);
  });

  test("a cut at any byte loses nothing: what its cursors did not follow comes again (P2)", async () => {
    const doors = await quietDoors();
    await doors.publish("a", "a1", "a2", "a3");
    await doors.publish("b", "b1", "b2");
    const whole = await open(doors, "channel=a&channel=b&after=start,start");
    for (let i = 0; i < 5; i++) await whole.next();
    await eventually(() => whole.text().endsWith("\n\n") && (whole.lastEventId() ?? "").includes(","));
    const text = whole.text();
    for (let cut = 0; cut < text.length; cut += 97) {
      // A browser keeps the last id of a finished block, and shows finished blocks only.
      const blocks = text.slice(0, cut).split("\n\n").slice(0, -1);
      const lastId = blocks
        .flatMap((block) => block.split("\n"))
        .filter((line) => line.startsWith("id: "))
        .at(-1);
      const shown = blocks.flatMap((block) => [...block.matchAll(/"text":"(\w\d)"/g)].map(([, name]) => name));
      const next = await open(doors, "channel=a&channel=b&after=start,start", lastId?.slice("id: ".length));
      const missing = ["a1", "a2", "a3", "b1", "b2"].filter((name) => !shown.includes(name));
      const came: unknown[] = [];
      while (missing.some((name) => !came.includes(name))) came.push(JSON.parse((await next.next()).data).text);
      next.cancel();
    }
  });
});

describe("refusals are answers, not streams (P12)", () => {
  const many = Array.from({ length: 33 }, (_, i) => `channel=c${i}`).join("&");
  const cases: [query: string, status: number, code: string][] = [
    ["", 400, "bad-request"],
    [many, 400, "bad-request"],
    ["channel=a&channel=a", 400, "bad-request"],
    ["channel=a//b", 400, "bad-channel"],
    ["channel=%40control", 403, "reserved-channel"],
    ["channel=%ff", 400, "bad-request"],
    ["channel=a&after=1", 400, "bad-cursor"],
    ["channel=a&lastEventId=nonsense", 400, "bad-cursor"],
    ["channel=a&channel=b&after=now", 400, "bad-cursor"],
    ["channel=a&after=now,now", 400, "bad-cursor"],
    ["channel=a&lastEventId=", 400, "bad-cursor"],
    ["channel=a&lastEventId=now&lastEventId=now", 400, "bad-request"],
    ["channel=a&lastEventId=now&after=now&after=now", 400, "bad-request"],
    ["channel=a&channel=b&after=now&after=now", 400, "bad-request"],
  ];
  for (const [query, status, code] of cases) {
    test(`?${query.slice(0, 60)} is ${status} ${code}`, async () => {
      const doors = await quietDoors();
      const { response } = await open(doors, query);
      expect([response.status, (await response.json()).error.code]).toEqual([status, code]);
      expect(doors.hub.stats()).toMatchObject({ links: 0, timers: 0 });
    });
  }

  test("32 channels with names of 200 bytes are taken", async () => {
    const doors = await quietDoors();
    const query = Array.from(
      { length: 32 },
      (_, i) => `channel=${encodeURIComponent(`${i}/`.padEnd(102, "ü").slice(0, 101))}`,
    );
    const { response } = await open(doors, query.join("&"));
    expect(response.status).toBe(200);
  });

  test("a channel that cannot be subscribed to: the status of its error, and nothing is left (S1, P6)", async () => {
    const doors = await quietDoors({ limits: { channels: 1 } });
    await doors.publish("taken", "x");
    const { response } = await open(doors, "channel=new");
    expect([response.status, (await response.json()).error.code]).toEqual([503, "too-many-channels"]);
    expect(response.headers.get("retry-after")).toBe("1");
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
  });

  test("a line separator in its name changes nothing about that (P12)", async () => {
    const doors = await quietDoors({ limits: { channels: 1 } });
    await doors.publish("taken", "x");
    const { response } = await open(doors, `channel=${encodeURIComponent("a\u2028b")}`);
    expect([response.status, (await response.json()).error.code]).toEqual([503, "too-many-channels"]);
  });

  test("a slow broker does not delay the stream; an error that comes late is event failure, and ends it (S4)", async () => {
    let letThrough = (): void => {};
    const gate = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    const doors = await quietDoors({ limits: { channels: 1 }, beforeWatch: () => gate });
    await doors.publish("taken", "x");
    const events = await open(doors, "channel=new");
    expect(events.response.status).toBe(200);
    await eventually(() => events.text().startsWith("retry: "));
    letThrough();
    const [failure, bye] = await events.rest();
    expect(failure?.event).toBe("failure");
    expect(JSON.parse(failure?.data ?? "")).toMatchObject({ code: "too-many-channels", channel: "new" });
    expect(JSON.parse(bye?.data ?? "")).toMatchObject({ code: "too-many-channels", retry: true });
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
  });

  test("one of several that cannot be subscribed to late is event failure, and the others go on", async () => {
    let letThrough = (): void => {};
    const gate = new Promise<void>((resolve) => {
      letThrough = resolve;
    });
    const doors = await quietDoors({ limits: { channels: 1 }, beforeWatch: () => gate });
    await doors.publish("taken", "x");
    const events = await open(doors, "channel=new&channel=taken");
    letThrough();
    const failure = await events.next();
    expect([failure.event, JSON.parse(failure.data).channel]).toEqual(["failure", "new"]);
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    await doors.publish("taken", "y");
    expect(JSON.parse((await events.next()).data)).toMatchObject({ channel: "taken", text: "y" });
  });

  test("a full server answers 503 with retry-after (S16)", async () => {
    const doors = await quietDoors({ limits: { links: 1 } });
    const first = await open(doors, "channel=a");
    await eventually(() => first.lastEventId() !== undefined);
    const { response } = await open(doors, "channel=a");
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
  });
});

describe("head and end", () => {
  test("the same head as every stream, with first bytes at once (S1, S3, S4)", async () => {
    const doors = await quietDoors();
    const connection = await rawConnect(doors.port, requestText("GET", "/eitherway/events?channel=a"));
    const text = await connection.has(/\r\n\r\n[0-9a-f]+\r\nretry: \d+\n:/);
    expect(text).toMatch(/^HTTP\/1.1 200 OK\r\n[\s\S]*content-type: text\/event-stream; charset=utf-8\r\n/i);
    expect(text).not.toMatch(/^(connection|keep-alive|content-length|content-encoding):/im);
  });

  test("after 5 min +- 20 % it ends with bye; with the last id the next stream continues (S17, P2)", async () => {
    const doors = await quietDoors();
    const events = await open(doors, "channel=a");
    await eventually(() => events.lastEventId() !== undefined);
    doors.skip(6 * 60_000 + 1_000);
    const bye = (await events.rest()).at(-1);
    expect(bye).toMatchObject({ event: "bye" });
    expect(JSON.parse(bye?.data ?? "")).toMatchObject({ code: "rotate", retry: true });
    await doors.publish("a", "meanwhile");
    const next = await open(doors, "channel=a", events.lastEventId());
    expect((await next.next()).data).toBe("meanwhile");
  });

  test("a reader that goes away leaves nothing behind (S11, P6)", async () => {
    const doors = await quietDoors();
    const events = await open(doors, "channel=a&channel=b");
    await eventually(() => doors.hub.stats().subscriptions.live === 2);
    events.cancel();
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
  });
});
