import { describe, expect, test } from "vitest";
import { rawConnect, requestText } from "../node/support.ts";
import { type Doors, eventually, helloText, post, startDoors } from "./support.ts";

function poll(doors: Doors, channels: Record<string, string>, wait?: number) {
  return post(`${doors.url}/poll`, helloText(channels, wait === undefined ? {} : { wait }));
}

describe("wait 0", () => {
  test("answers as soon as every channel has said where it stands", async () => {
    const doors = await startDoors();
    const [first = ""] = await doors.publish("a", "1", "2");
    const answer = await poll(doors, { a: first, b: "now", "bad//name": "now" }, 0);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
    expect(answer.headers.get("content-length")).toMatch(/^\d+$/);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.brief[0]).toBe("welcome");
    expect([...answer.brief].sort()).toEqual(["error bad-channel", "live a", "live b", "messages a 2", "welcome"]);
  });

  test("without channels: welcome only", async () => {
    const doors = await startDoors();
    expect((await poll(doors, {}, 0)).brief).toEqual(["welcome"]);
  });

  test("waits 10 s at most for a channel that does not say it (P6)", async () => {
    const doors = await startDoors({ beforeWatch: () => new Promise(() => {}) });
    const [nine, answer, eleven] = [9, 0, 11].map((wait) => poll(doors, { a: "now" }, wait));
    await eventually(() => doors.hub.stats().subscriptions.reading === 3);
    doors.skip(9_000);
    await nine;
    expect(doors.hub.stats().links).toBe(2);
    doors.skip(1_000);
    expect((await answer)?.brief).toEqual(["welcome"]);
    expect(doors.hub.stats().links).toBe(1);
    doors.skip(1_000);
    await eleven;
  });

  test("a gap is followed by where the channel stands now (P2, S8)", async () => {
    const doors = await startDoors({ retention: { messages: 1 } });
    const [first = ""] = await doors.publish("a", "1", "2", "3");
    expect((await poll(doors, { a: first }, 0)).brief).toEqual(["welcome", "gap a trimmed", "live a"]);
  });
});

describe("wait", () => {
  test("holds the answer until a message comes, and takes the rest of a burst along (S18)", async () => {
    const doors = await startDoors();
    const answer = poll(doors, { a: "now" }, 20);
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    await doors.publish("a", "1", "2", "3");
    const { brief } = await answer;
    expect(brief.slice(0, 2)).toEqual(["welcome", "live a"]);
    expect(brief.slice(2).join().replaceAll("messages a ", "")).toBe("1,2,3");
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
  });

  test("ends with the members of a channel as with a message", async () => {
    const doors = await startDoors();
    await doors.hub.presence.set("a", "1", { client: "ana" });
    const { frames } = await poll(doors, { "@presence/a": "now" }, 20);
    expect(frames.map(({ t }) => t)).toEqual(["welcome", "presence", "live"]);
  });

  test("gathers what comes within 10 ms of the first message", async () => {
    const doors = await startDoors({ stretch: 50 });
    const answer = poll(doors, { a: "now" }, 20);
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    for (const text of ["1", "2", "3"]) {
      await doors.publish("a", text);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect((await answer).brief.slice(2)).toEqual(["messages a 1", "messages a 2", "messages a 3"]);
  });

  test("when it is over the answer says where each channel stands, and no more", async () => {
    const doors = await startDoors();
    const answer = poll(doors, { a: "now" }, 20);
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    doors.skip(20_000);
    expect((await answer).brief).toEqual(["welcome", "live a"]);
  });

  test("is 25 s where none is said, and never above 55 s", async () => {
    const doors = await startDoors();
    const answers = [poll(doors, { a: "now" }), poll(doors, { a: "now" }, 3600)];
    await eventually(() => doors.hub.stats().subscriptions.live === 2);
    doors.skip(25_000);
    await answers[0];
    expect(doors.hub.stats().links).toBe(1);
    doors.skip(30_000);
    await answers[1];
    await eventually(() => doors.hub.stats().links === 0);
  });

  test("poll after poll loses and doubles nothing (P2, P3)", async () => {
    const doors = await startDoors();
    let cursor = "start";
    const seen: string[] = [];
    const publishing = (async () => {
      for (let i = 0; i < 200; i++) {
        await doors.publish("a", String(i));
        if (i % 7 === 0) await new Promise((resolve) => setTimeout(resolve, 3));
      }
    })();
    while (seen.length < 200) {
      for (const frame of (await poll(doors, { a: cursor }, 5)).frames) {
        if (frame.t === "live") cursor = frame.id;
        if (frame.t !== "messages") continue;
        for (const message of frame.messages) {
          seen.push(String(message.data));
          cursor = `${frame.epoch}-${message.seq.toString(36).padStart(8, "0")}`;
        }
      }
    }
    await publishing;
    expect(seen).toEqual([...Array(200).keys()].map(String));
  });

  test("a client that goes away is not waited for (S11, P6)", async () => {
    const doors = await startDoors();
    const body = helloText({ a: "now" }, { wait: 50 });
    const headers = { "content-length": String(body.length) };
    const connection = await rawConnect(doors.port, requestText("POST", "/eitherway/poll", headers, body));
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    connection.socket.destroy();
    await eventually(() => doors.hub.stats().links === 0 && doors.hub.stats().timers === 0);
  });

  test("a server that closes answers with bye", async () => {
    const doors = await startDoors();
    const answer = poll(doors, { a: "now" }, 50);
    await eventually(() => doors.hub.stats().subscriptions.live === 1);
    void doors.hub.close("drain", "The server is closing.", 100);
    expect((await answer).brief).toEqual(["welcome", "live a", "bye drain"]);
  });
});

test("an answer ends at about 64 KiB; the rest comes with the next, without a hole (P2, P6)", async () => {
  const doors = await startDoors({ retention: { messages: 1000, bytes: 10_000_000 } });
  const texts = Array.from({ length: 100 }, (_, i) => `${i} ${"x".repeat(10_000)}`);
  await doors.publish("a", ...texts);
  let cursor = "start";
  const seen: string[] = [];
  while (seen.length < texts.length) {
    let bytes = 0;
    for (const frame of (await poll(doors, { a: cursor }, 0)).frames) {
      if (frame.t !== "messages") continue;
      for (const message of frame.messages) {
        seen.push(String(message.data));
        bytes += String(message.data).length;
        cursor = `${frame.epoch}-${message.seq.toString(36).padStart(8, "0")}`;
      }
    }
    expect(bytes).toBeGreaterThan(0);
    expect(bytes).toBeLessThan(3 * 64 * 1024);
  }
  expect(seen).toEqual(texts);
});

describe("refusals (P12)", () => {
  const cases: [what: string, status: number, code: string, body: string | Uint8Array][] = [
    ["a body that is no JSON", 400, "bad-json", "{"],
    ["a body that is no UTF-8", 400, "bad-utf8", new Uint8Array([0xff])],
    ["a wait that is no number", 400, "bad-frame", helloText({}, { wait: "x" })],
    ["a body over limits.frameBytes", 413, "too-large", helloText({ ["a".repeat(3000)]: "now" })],
  ];
  for (const [what, status, code, body] of cases) {
    test(`${what} is ${status} ${code}`, async () => {
      const doors = await startDoors({ limits: { frameBytes: 2000 } });
      const answer = await post(`${doors.url}/poll`, body);
      expect([answer.status, answer.error?.code]).toEqual([status, code]);
      expect(doors.hub.stats()).toMatchObject({ links: 0, timers: 0 });
    });
  }

  test("a full server answers 503 with retry-after (S16)", async () => {
    const doors = await startDoors({ limits: { links: 1 } });
    const first = poll(doors, { a: "now" }, 20);
    await eventually(() => doors.hub.stats().links === 1);
    const second = await poll(doors, { a: "now" }, 20);
    expect([second.status, second.error?.code, second.headers.get("retry-after")]).toEqual([
      503,
      "too-many-links",
      "1",
    ]);
    doors.skip(20_000);
    expect((await first).status).toBe(200);
  });
});
