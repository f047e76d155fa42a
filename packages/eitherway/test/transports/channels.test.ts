import { describe, expect, test } from "vitest";
import type { Rules } from "../../src/core/index.ts";
import { textPayload } from "../../src/protocol/index.ts";
import { rawConnect, requestText } from "../node/support.ts";
import { type Doors, eventually, openEvents, startDoors } from "./support.ts";

interface Answer {
  readonly status: number;
  readonly body: {
    readonly id?: string;
    readonly messages?: readonly Record<string, unknown>[];
    readonly oldest?: string | null;
    readonly head?: string | null;
    readonly gap?: { why: string; oldest: string | null; head: string | null };
    readonly error?: { code: string; message: string };
  };
}

async function get(doors: Doors, path: string): Promise<Answer> {
  const response = await fetch(`${doors.url}/channels/${path}`);
  return { status: response.status, body: await response.json() };
}

async function publish(
  doors: Doors,
  path: string,
  body: string | Uint8Array,
  headers: Record<string, string> = { "content-type": "application/json" },
): Promise<Answer> {
  const response = await fetch(`${doors.url}/channels/${path}`, { method: "POST", body: body as BodyInit, headers });
  return { status: response.status, body: await response.json() };
}

function texts(answer: Answer): unknown[] {
  return (answer.body.messages ?? []).map((message) => message.text);
}

describe("publish", () => {
  test("the kind of the payload follows from the content type, and history gives it back", async () => {
    const doors = await startDoors();
    const all: [type: string, body: string | Uint8Array, field: Record<string, unknown>][] = [
      ["application/json", '{ "a": 1 }', { data: { a: 1 } }],
      ["application/problem+json; charset=utf-8", "null", { data: null }],
      ["text/plain", " two\r\nlines ", { text: " two\r\nlines " }],
      ["text/plain", "\ufeffmarked", { text: "\ufeffmarked" }],
      ['text/markdown;charset="UTF-8"', "# grüße", { text: "# grüße" }],
      ["application/octet-stream", new Uint8Array([0, 255]), { bytes: "AP8=" }],
    ];
    for (const [type, body, field] of all) {
      const answer = await publish(doors, "room/42", body, { "content-type": type });
      expect(answer.status).toBe(201);
      const { body: page } = await get(doors, "room/42?limit=1");
      expect(page.messages).toEqual([{ id: answer.body.id, event: "message", at: expect.any(Number), ...field }]);
    }
  });

  test("history gives JSON back as it came: no number loses a digit", async () => {
    const doors = await startDoors();
    await publish(doors, "a", "[1e999, 12345678901234567890, 0.10]", { "content-type": "application/json" });
    await publish(doors, "a", '"second"', { "content-type": "application/json" });
    const text = await (await fetch(`${doors.url}/channels/a`)).text();
    expect(text).toMatch(/"data":\[1e999, 12345678901234567890, 0\.10\]\},\{.*"data":"second"\}\],"oldest":/);
  });

  test("event and key come from headers; a known key gets the first receipt (P5)", async () => {
    const doors = await startDoors();
    const headers = { "content-type": "text/plain", "idempotency-key": "order-991", "eitherway-event": "placed" };
    const first = await publish(doors, "a", "x", headers);
    const again = await publish(doors, "a", "x", headers);
    expect([again.status, again.body.id]).toEqual([201, first.body.id]);
    const page = await get(doors, "a");
    expect(page.body.messages).toEqual([expect.objectContaining({ event: "placed", text: "x" })]);
    const other = await publish(doors, "a", "y", headers);
    expect([other.status, other.body.error?.code]).toEqual([409, "key-reused"]);
  });

  test("a volatile event is told to who listens and is answered 202 without an id: nothing is kept", async () => {
    const rules: Rules = {
      checkChannel() {},
      presence: (_channel: string, state: string) => state,
      admit: (_channel, event, payload) => ({
        payload,
        delivery: { class: event === "typing" ? "volatile" : "reliable" },
      }),
    };
    const doors = await startDoors({ rules });
    const reader = await openEvents(`${doors.url}/events?channel=a`);
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    const headers = { "content-type": "text/plain", "eitherway-event": "typing" };
    expect(await publish(doors, "a", "moment", headers)).toEqual({ status: 202, body: {} });
    expect(await reader.next()).toEqual({ id: undefined, event: "typing", data: "moment" });
    expect((await get(doors, "a")).body.messages).toEqual([]);
  });

  test("a key that looks like the SDK's is a key like any other here", async () => {
    const doors = await startDoors();
    const key = (n: number) => ({ "content-type": "text/plain", "idempotency-key": `order.${n}` });
    for (const n of [7, 3]) expect((await publish(doors, "a", String(n), key(n))).status).toBe(201);
    expect((await get(doors, "a")).body.messages).toHaveLength(2);
  });

  test("headers are UTF-8 (P12)", async () => {
    const doors = await startDoors();
    const head = { "content-type": "text/plain", "content-length": "1" };
    const utf8 = Buffer.from("grüße").toString("latin1");
    const good = await rawConnect(
      doors.port,
      Buffer.from(requestText("POST", "/eitherway/channels/a", { ...head, "eitherway-event": utf8 }, "x"), "latin1"),
    );
    await good.has("201 Created");
    expect((await get(doors, "a")).body.messages?.[0]?.event).toBe("grüße");
    const bad = await rawConnect(
      doors.port,
      Buffer.from(
        requestText("POST", "/eitherway/channels/a", { ...head, "eitherway-event": "\u00ff" }, "x"),
        "latin1",
      ),
    );
    await bad.has(/400 [\s\S]*bad-utf8/);
  });

  const json = { "content-type": "application/json" };
  const cases: [
    what: string,
    status: number,
    code: string,
    path: string,
    body: string | Uint8Array,
    Record<string, string>,
  ][] = [
    [
      "no content type that says the kind",
      415,
      "unsupported-type",
      "a",
      "x=1",
      { "content-type": "application/x-www-form-urlencoded" },
    ],
    ["another charset", 415, "unsupported-type", "a", "x", { "content-type": "text/plain; charset=latin1" }],
    ["JSON that is none", 400, "bad-json", "a", "{", json],
    ["JSON behind a byte order mark", 400, "bad-json", "a", "\ufeff{}", json],
    ["JSON of no bytes", 400, "bad-json", "a", "", json],
    ["JSON nested 100,000 deep", 400, "bad-json", "a", "[".repeat(50_000) + "]".repeat(50_000), json],
    ["text that is no UTF-8", 400, "bad-utf8", "a", new Uint8Array([0xc3, 0x28]), { "content-type": "text/plain" }],
    ["a payload over limits.messageBytes", 413, "too-large", "a", `"${"x".repeat(200_000)}"`, json],
    ["a channel name with an empty segment", 400, "bad-channel", "a//b", "1", json],
    ["a channel name of no bytes", 400, "bad-channel", "", "1", json],
    ["a channel name over 200 bytes", 400, "bad-channel", "a".repeat(201), "1", json],
    ["a channel name with a control character", 400, "bad-channel", "a%00b", "1", json],
    ["a channel name that is no UTF-8", 400, "bad-request", "a%ff", "1", json],
    ["a reserved channel", 403, "reserved-channel", "room/@presence", "1", json],
    ["an event name over its limit", 400, "bad-event", "a", "1", { ...json, "eitherway-event": "e".repeat(65) }],
    ["a key over its limit", 400, "bad-key", "a", "1", { ...json, "idempotency-key": "k".repeat(129) }],
  ];
  for (const [what, status, code, path, body, headers] of cases) {
    test(`${what}: ${status} ${code} (P12)`, async () => {
      const doors = await startDoors({ limits: { messageBytes: 150_000 } });
      const answer = await publish(doors, path, body, headers);
      expect([answer.status, answer.body.error?.code]).toEqual([status, code]);
      expect(doors.hub.stats().broker.channels).toBe(0);
      expect(doors.errors).toEqual([]);
    });
  }

  test("a full store answers retryably, and reading is not hindered (P6)", async () => {
    const doors = await startDoors({ limits: { channels: 1 } });
    await doors.publish("a", "x");
    const response = await fetch(`${doors.url}/channels/b`, { method: "POST", body: "1", headers: json });
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "1"]);
    expect(texts(await get(doors, "a"))).toEqual(["x"]);
  });
});

describe("history", () => {
  test("pages forwards with after, backwards with before, newest first asked without either", async () => {
    const doors = await startDoors();
    const ids = await doors.publish("a", "1", "2", "3", "4", "5");
    expect(texts(await get(doors, "a"))).toEqual(["1", "2", "3", "4", "5"]);
    expect(texts(await get(doors, "a?limit=2"))).toEqual(["4", "5"]);
    expect(texts(await get(doors, `a?before=${ids[3]}&limit=2`))).toEqual(["2", "3"]);
    expect(texts(await get(doors, `a?before=${ids[0]}`))).toEqual([]);
    expect(texts(await get(doors, "a?after=start&limit=2"))).toEqual(["1", "2"]);
    expect(texts(await get(doors, `a?after=${ids[1]}`))).toEqual(["3", "4", "5"]);
    expect(texts(await get(doors, "a?after=now"))).toEqual([]);
    expect((await get(doors, "a")).body).toMatchObject({ channel: "a", oldest: ids[0], head: ids[4] });
  });

  test("an unknown channel is an empty one, and asking makes no record (P6)", async () => {
    const doors = await startDoors();
    for (const query of ["", "?after=start", "?after=now"]) {
      expect(await get(doors, `nobody${query}`)).toEqual({
        status: 200,
        body: { channel: "nobody", messages: [], oldest: null, head: null },
      });
    }
    expect(doors.hub.stats().broker.channels).toBe(0);
  });

  test("a cursor that cannot be continued is a gap (P2, S8)", async () => {
    const doors = await startDoors({ retention: { messages: 2 } });
    const ids = await doors.publish("a", "1", "2", "3", "4");
    const gap = { oldest: ids[2], head: ids[3] };
    const beyond = `${ids[3]?.slice(0, 13)}zzzzzzzz`;
    for (const [after, why] of [
      [ids[0], "trimmed"],
      ["000000000000-00000001", "epoch"],
      [beyond, "unknown"],
    ]) {
      const answer = await get(doors, `a?after=${after}&wait=20`);
      expect(answer.body).toEqual({ channel: "a", messages: [], ...gap, gap: { why, ...gap } });
    }
    for (const wait of ["", "&wait=20"]) {
      const gone = await get(doors, `nobody?after=${ids[0]}${wait}`);
      expect(gone.body.gap).toEqual({ why: "unknown", oldest: null, head: null });
    }
  });

  const cases: [query: string, code: string][] = [
    ["after=1", "bad-cursor"],
    ["after=", "bad-cursor"],
    ["before=now", "bad-cursor"],
    ["after=start&before=start", "bad-request"],
    ["after=start&after=now", "bad-request"],
    ["limit=0", "bad-request"],
    ["limit=1001", "bad-request"],
    ["limit=x", "bad-request"],
    ["after=start&wait=56", "bad-request"],
    ["wait=5", "bad-request"],
    ["after=%ff", "bad-request"],
  ];
  for (const [query, code] of cases) {
    test(`?${query} is 400 ${code} (P12)`, async () => {
      const doors = await startDoors();
      const answer = await get(doors, `a?${query}`);
      expect([answer.status, answer.body.error?.code]).toEqual([400, code]);
    });
  }
});

describe("stores of pages", () => {
  /** Status, cache-control and etag. */
  async function cachingOf(doors: Doors, path: string, known?: string): Promise<[number, string | null, string]> {
    // Node's fetch keeps nothing by itself; told so, it adds no header of its own to a conditional request.
    const headers: Record<string, string> = known === undefined ? {} : { "if-none-match": known };
    const response = await fetch(`${doors.url}/channels/${path}`, { headers, cache: "no-cache" });
    const body = await response.text();
    if (response.status === 304) expect(body).toBe("");
    return [response.status, response.headers.get("cache-control"), response.headers.get("etag") ?? ""];
  }

  test("a full page that ends before the head may be kept by everybody, whatever comes later", async () => {
    const doors = await startDoors();
    const ids = await doors.publish("a", "1", "2", "3", "4", "5");
    for (const query of [`after=${ids[1]}&limit=2`, `before=${ids[3]}&limit=2`]) {
      const [status, control, tag] = await cachingOf(doors, `a?${query}`);
      expect([status, control]).toEqual([200, "public, max-age=86400, immutable"]);
      await doors.publish("a", "more");
      expect(await cachingOf(doors, `a?${query}`, tag)).toEqual([304, control, tag]);
    }
  });

  test("a page that can grow or shrink is asked for each time, and sent only where it has changed", async () => {
    const doors = await startDoors();
    const ids = await doors.publish("a", "1", "2", "3");
    const queries = ["", "?limit=2", `?after=${ids[0]}`, `?before=${ids[2]}`, "?after=start&limit=1", "?after=now"];
    const before = await Promise.all(queries.map((query) => cachingOf(doors, `a${query}`)));
    expect(before.map(([status, control]) => [status, control])).toEqual(queries.map(() => [200, "no-cache"]));
    for (const [at, query] of queries.entries()) {
      expect((await cachingOf(doors, `a${query}`, `"other", ${before[at]?.[2]}`))[0]).toBe(304);
    }
    await doors.publish("a", "4");
    for (const [at, query] of queries.entries()) {
      expect((await cachingOf(doors, `a${query}`, before[at]?.[2]))[0]).toBe(200);
    }
  });

  test("what a log has let go makes another page of what was left of it", async () => {
    const doors = await startDoors({ retention: { messages: 3 } });
    const ids = await doors.publish("a", "1", "2", "3");
    const [, control, tag] = await cachingOf(doors, `a?before=${ids[2]}&limit=2`);
    expect(control).toBe("no-cache"); // it has the oldest one, which is the next to go
    await doors.publish("a", "4");
    expect((await cachingOf(doors, `a?before=${ids[2]}&limit=2`, tag))[0]).toBe(200);
  });

  test("a gap, an answer that was waited for and an error are kept nowhere", async () => {
    const doors = await startDoors({ retention: { messages: 2 } });
    const ids = await doors.publish("a", "1", "2", "3", "4");
    for (const query of [`after=${ids[0]}`, `after=${ids[2]}&wait=20`, "after=1"]) {
      expect(await cachingOf(doors, `a?${query}`, "*")).toEqual([expect.any(Number), "no-store", ""]);
    }
  });
});

describe("wait", () => {
  test("answers at once where there is something, holds where there is nothing yet", async () => {
    const doors = await startDoors();
    const [first] = await doors.publish("a", "1");
    expect(texts(await get(doors, "a?after=start&wait=20"))).toEqual(["1"]);
    const waiting = [
      get(doors, `a?after=${first}&wait=20`),
      get(doors, "a?after=now&wait=20"),
      get(doors, "new?after=now&wait=20"),
    ];
    await eventually(() => doors.hub.stats().subscriptions.live === 3);
    const moment = { t: "announce", channel: "a", event: "message", payload: textPayload("in no history") } as const;
    await doors.hub.announce([moment], { client: "c" });
    await doors.publish("a", "2");
    await doors.publish("new", "first");
    const answers = await Promise.all(waiting);
    expect(answers.map(texts)).toEqual([["2"], ["2"], ["first"]]);
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
  });

  test("is over in time: an empty page", async () => {
    const doors = await startDoors();
    await doors.publish("a", "1");
    const waiting = get(doors, "a?after=now&wait=20");
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    doors.skip(20_000);
    expect(texts(await waiting)).toEqual([]);
  });

  test("a client that goes away is not waited for (S11, P6)", async () => {
    const doors = await startDoors();
    const connection = await rawConnect(doors.port, requestText("GET", "/eitherway/channels/a?after=now&wait=50"));
    await eventually(() => doors.hub.stats().links === 1);
    connection.socket.destroy();
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
  });

  test("a full server, and one that closes, answer retryably", async () => {
    const doors = await startDoors({ limits: { links: 1 } });
    const waiting = get(doors, "a?after=now&wait=50");
    await eventually(() => doors.hub.stats().links === 1);
    const refused = await get(doors, "a?after=now&wait=50");
    expect([refused.status, refused.body.error?.code]).toEqual([503, "too-many-links"]);
    void doors.hub.close("drain", "The server is closing.", 100);
    expect((await waiting).body.error?.code).toBe("drain");
  });

  test("a channel that cannot be made is the error of the answer", async () => {
    const doors = await startDoors({ limits: { channels: 1 } });
    await doors.publish("a", "x");
    const answer = await get(doors, "b?after=now&wait=50");
    expect([answer.status, answer.body.error?.code]).toEqual([503, "too-many-channels"]);
  });
});
