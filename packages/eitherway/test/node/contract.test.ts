/** A contract over real connections: both ends typed, and what does not keep to it kept out, whatever the door. */
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { createClient as createCoreClient, sse } from "../../src/client/core.ts";
import { createClient, type TransportName } from "../../src/client/index.node.ts";
import { channel, contract } from "../../src/contract/index.ts";
import { type EitherwayError, eitherway, type NodeEitherwayOptions } from "../../src/node/index.ts";
import { app } from "../contract/app.ts";
import { witnessed, witnessMetrics } from "../support/witness.ts";

const TRANSPORTS: readonly TransportName[] = ["websocket", "sse", "poll"];
const quiet = witnessed();

async function open(options: NodeEitherwayOptions = {}) {
  const ew = eitherway(app, { logger: quiet, ...options });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const { url } = await ew.listen({ port: 0 });
  return { ew, url };
}

function connect(url: string, transport: TransportName) {
  const client = createClient(app, { url, transport });
  onTestFinished(() => client.close());
  client.on("error", () => {}); // each test looks at the error it expects
  return client;
}

const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => "none",
    (error: EitherwayError) => error.code,
  );

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("a message arrives typed, as its schema made it, at the handlers of its event alone", async () => {
    const { ew, url } = await open();
    const room = connect(url, transport).channel("room", { id: "42" }, { from: "start" });
    const seen: unknown[] = [];
    const last = new Promise((resolve) => {
      room.on("message", ({ text }) => seen.push(text));
      room.on("dated", ({ day }) => {
        seen.push(day);
        resolve(day);
      });
    });
    await room.publish("message", { text: "hi" });
    const { id } = await ew.publish("room", { id: "42" }, "dated", { day: "monday" });
    expect(await last).toBe(6);
    expect(seen).toEqual(["hi", 6]);
    expect(room.cursor).toBe(id);
  });

  test("what a schema refuses is never in the log, and its publisher hears why (P12)", async () => {
    const { ew, url } = await open();
    const room = connect(url, transport).channel("room", { id: "42" });
    const refused = room.publish("message", { text: "longer than twenty characters" });
    await expect(refused).rejects.toMatchObject({
      code: "invalid",
      details: { issues: [{ path: "text", message: expect.stringContaining("20") }] },
    });
    expect(await codeOf(room.publish("message", JSON.parse('{"text":1}')))).toBe("invalid");
    expect(await codeOf(room.publish("constructor" as "message", { text: "" }))).toBe("unknown-event");
    await room.publish("message", { text: "good" });
    const page = await (await fetch(`${url}/channels/room/42`)).json();
    expect(page).toMatchObject({ messages: [{ data: { text: "good" } }] });
    expect(ew.stats().counters).toMatchObject({ "publish.refused.invalid": 2, "publish.refused.unknown-event": 1 });
  });

  test("what a schema makes of a message arrives as JSON says it, with the type of that", async () => {
    const { url } = await open();
    const room = connect(url, transport).channel("room", { id: "42" }, { from: "start" });
    const arrived = new Promise((resolve) => room.on("timed", resolve));
    await room.publish("timed", { at: "2026-11-28T07:00:00Z" });
    expect(await arrived).toEqual({ at: "2026-11-28T07:00:00.000Z", notes: [] });
  });

  test("a loop gets the messages of every event, each with its name", async () => {
    const { ew, url } = await open();
    await ew.publish("room", { id: "42" }, "message", { text: "hi" });
    await ew.publish("room", { id: "42" }, "dated", { day: "monday" });
    const seen: unknown[] = [];
    for await (const { event, data, meta } of connect(url, transport).channel(
      "room",
      { id: "42" },
      { from: "start" },
    )) {
      seen.push([event, data, meta.channel]);
      if (seen.length === 2) break;
    }
    expect(seen).toEqual([
      ["message", { text: "hi" }, "room/42"],
      ["dated", { day: 6 }, "room/42"],
    ]);
  });

  test("zod, valibot and arktype refuse and let through alike, each in its own words", async () => {
    const { url } = await open();
    const client = connect(url, transport);
    const publishes = {
      zod: (right: boolean) =>
        client
          .channel("room", { id: "1" })
          .publish("message", { text: right ? "hi" : "longer than twenty characters" }),
      valibot: (right: boolean) => client.channel("news").publish("item", { title: right ? "hi" : "" }),
      arktype: (right: boolean) =>
        client.channel("job", { id: "1" }).publish("done", (right ? { ok: true } : { ok: "no" }) as { ok: boolean }),
    };
    for (const [library, publish] of Object.entries(publishes)) {
      const refused = await publish(false).catch((error: EitherwayError) => error);
      expect([library, refused]).toMatchObject([
        library,
        {
          code: "invalid",
          details: { issues: [{ path: expect.stringMatching(/./), message: expect.stringMatching(/./) }] },
        },
      ]);
      expect([library, await publish(true)]).toEqual([library, { id: expect.stringMatching(/-00000001$/) }]);
    }
  });

  test("a validator that has to be waited for keeps the order in which a client publishes (P1, P5)", async () => {
    const { url } = await open();
    const channel = connect(url, transport).channel("checked", { id: "1" }, { from: "start" });
    const values = ["slow", "quick", "no", "slow", "quick"];
    const outcomes = await Promise.all(values.map((value, i) => codeOf(channel.publish("it", { value, i }))));
    expect(outcomes).toEqual(["none", "none", "invalid", "none", "none"]);
    const seen: number[] = [];
    for await (const { data } of channel) if (seen.push(data.i) === 4) break;
    expect(seen).toEqual([0, 1, 3, 4]);
  });

  test("a channel that the contract does not have is refused to whoever reads or writes it (P12)", async () => {
    const { url } = await open();
    const client = createClient({ url, transport });
    onTestFinished(() => client.close());
    client.on("error", () => {});
    const stranger = client.channel("rooms/42");
    const error = new Promise<EitherwayError>((resolve) => void stranger.on("error", resolve));
    stranger.on("message", () => {});
    expect((await error).code).toBe("unknown-channel");
    expect(await codeOf(stranger.publish({ text: "hi" }))).toBe("unknown-channel");
  });
});

test("a client by the piece takes a contract as well, and has loops by it", async () => {
  const { url } = await open();
  const client = createCoreClient(app, { url, transports: [sse] });
  onTestFinished(() => client.close());
  const room = client.channel("room", { id: "42" }, { from: "start" });
  await room.publish("message", { text: "hi" });
  for await (const { event, data } of room) {
    expect([event, data]).toEqual(["message", { text: "hi" }]);
    break;
  }
  expect("use" in client).toBe(false);
});

describe("the plain door", () => {
  const post = (url: string, event: string, body: string, type = "application/json") =>
    fetch(url, { method: "POST", body, headers: { "content-type": type, "eitherway-event": event } });

  test("refuses with the issues, takes what is right, and knows the channels (P12)", async () => {
    const { url } = await open();
    const room = `${url}/channels/room/42`;
    const refused = await post(room, "message", '{"text":5}');
    expect([refused.status, await refused.json()]).toEqual([
      422,
      {
        error: {
          code: "invalid",
          message: expect.stringContaining("at text"),
          retry: false,
          details: { issues: [{ path: "text", message: expect.stringMatching(/./) }] },
        },
      },
    ]);
    expect((await post(room, "message", "hi", "text/plain")).status).toBe(422);
    expect((await post(room, "nothing", "{}")).status).toBe(400);
    expect((await post(`${url}/channels/rooms/42`, "message", "{}")).status).toBe(404);
    expect((await fetch(`${url}/channels/rooms/42`)).status).toBe(404);
    expect((await fetch(`${url}/events?channel=rooms/42`)).status).toBe(404);
    expect((await post(room, "message", '{"text":"hi","more":1}')).status).toBe(201);
    const page = await (await fetch(room)).json();
    expect(page).toMatchObject({ messages: [{ data: { text: "hi" } }] }); // as the schema made it
  });
});

describe("the server", () => {
  test("is not made of a contract that is wrong (P12)", () => {
    const twice = contract({ one: channel("room/:id"), other: channel("room/:name") });
    expect(() => eitherway(twice)).toThrow("match the same names");
    expect(() => eitherway(contract({ one: channel("room", { history: { age: "soon" } }) }))).toThrow("history.age");
  });

  test("has its own publishes validated, unless validatePublishes is off", async () => {
    const wrong = JSON.parse('{"text":1}') as { text: string };
    const strict = await open();
    expect(await codeOf(strict.ew.publish("room", { id: "1" }, "message", wrong))).toBe("invalid");
    const trusting = await open({ validatePublishes: false });
    expect(await codeOf(trusting.ew.publish("room", { id: "1" }, "message", wrong))).toBe("none");
    expect(await codeOf(trusting.ew.publish("news", "nothing" as "item", { title: "" }))).toBe("unknown-event");
  });

  test("keeps as much of each channel as its history says (P4)", async () => {
    const { ew, url } = await open();
    for (const n of [1, 2, 3, 4, 5]) {
      await ew.publish("room", { id: "1" }, "message", { text: `${n}` });
      await ew.publish("news", "item", { title: `${n}` });
    }
    const textsOf = async (channel: string): Promise<unknown[]> => {
      const page = (await (await fetch(`${url}/channels/${channel}`)).json()) as { messages: { data: object }[] };
      return page.messages.flatMap(({ data }) => Object.values(data));
    };
    expect(await textsOf("room/1")).toEqual(["3", "4", "5"]);
    expect(await textsOf("news")).toEqual(["1", "2", "3", "4", "5"]);
  });

  test("a volatile event is told to who listens and not kept; its publish has no id", async () => {
    const { url } = await open();
    const room = connect(url, "websocket").channel("room", { id: "1" });
    await once(liveOf(room), "live");
    expect(await room.publish("typing", { who: "ana" })).toEqual({ id: "" });
    const page = (await (await fetch(`${url}/channels/room/1`)).json()) as { messages: unknown[] };
    expect(page.messages).toEqual([]);
  });

  test("a volatile event that is given up before it is published is not told", async () => {
    const { url } = await open();
    const room = connect(url, "websocket").channel("room", { id: "1" });
    const told: string[] = [];
    const last = new Promise<void>((resolve) => {
      room.on("typing", ({ who }) => {
        told.push(who);
        if (who === "ana") resolve();
      });
    });
    await once(liveOf(room), "live");
    const givenUp = room.publish("typing", { who: "bob" }, { signal: AbortSignal.abort("enough") });
    const ana = room.publish("typing", { who: "ana" });
    await expect(givenUp).rejects.toBe("enough");
    await Promise.all([ana, last]);
    expect(told).toEqual(["ana"]);
  });

  test("a volatile event without a link is dropped and counted; its publish waits for nothing", async () => {
    const { url } = await open();
    const client = connect(url, "websocket");
    expect(await client.channel("room", { id: "1" }).publish("typing", { who: "ana" })).toEqual({ id: "" });
    expect(client.status).toMatchObject({ state: "idle", dropped: 1 });
  });
});

/** `live` of a channel as an EventTarget, so that it can be waited for. */
function liveOf(room: {
  on(event: "live", listener: () => void): unknown;
  on(event: "typing", listener: () => void): unknown;
}) {
  const target = new EventTarget();
  room.on("live", () => target.dispatchEvent(new Event("live")));
  room.on("typing", () => {});
  return target;
}
