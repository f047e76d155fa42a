import { describe, expect, test } from "vitest";
import { helloText, openSocket, post, publishText, startDoors } from "./support.ts";

const HELLO = helloText({});

function batch(...lines: string[]): string {
  return [HELLO, ...lines].join("\n");
}

test("commands are applied in order and each is answered (P1, P5)", async () => {
  const doors = await startDoors();
  const url = `${doors.url}/commands`;
  const answer = await post(url, batch(...[1, 2, 3].map((i) => publishText(`c1.${i}`, "a", i))));
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toBe("application/x-ndjson");
  expect(answer.brief).toEqual(["ok c1.1", "ok c1.2", "ok c1.3"]);
  const page = await (await fetch(`${doors.url}/channels/a?after=start`)).json();
  expect(page.messages.map((message: { data: unknown }) => message.data)).toEqual([1, 2, 3]);
});

test("the same batch again gets the first answers and appends nothing (P5)", async () => {
  const doors = await startDoors();
  const url = `${doors.url}/commands`;
  const body = batch(publishText("c1.1", "a", 1), publishText("c1.2", "a", 2));
  const [first, second] = [await post(url, body), await post(url, body)];
  expect(second.frames).toEqual(first.frames);
  const page = await (await fetch(`${doors.url}/channels/a?after=start`)).json();
  expect(page.messages).toHaveLength(2);
});

test("a command that fails for good is answered with its error, and the next is done", async () => {
  const doors = await startDoors({ limits: { messageBytes: 50 } });
  const lines = [publishText("c1.1", "a", "x".repeat(60)), publishText("c1.2", "a", 2)];
  expect((await post(`${doors.url}/commands`, batch(...lines))).brief).toEqual(["error too-large", "ok c1.2"]);
});

test("after a retryable failure the answer ends: the rest was not tried (P5)", async () => {
  const doors = await startDoors({ limits: { channels: 1 } });
  await doors.publish("taken", "x");
  const lines = [publishText("c1.1", "new", 1), publishText("c1.1", "taken", 2)];
  const answer = await post(`${doors.url}/commands`, batch(...lines));
  expect(answer.brief).toEqual(["error too-many-channels"]);
  const page = await (await fetch(`${doors.url}/channels/taken?after=start`)).json();
  expect(page.messages).toHaveLength(1);
});

test("announcements have no answer and are told behind the commands; a refused one is an error without key (P12)", async () => {
  const doors = await startDoors({ limits: { messageBytes: 50 } });
  const socket = await openSocket(doors);
  socket.send(helloText({ a: "now" }));
  for (const frame of ["welcome", "live a"]) expect(await socket.next()).toBe(frame);
  const announce = (data: string) => JSON.stringify({ t: "announce", c: "a", d: data });
  const lines = [announce("1"), publishText("c1.1", "a", "2"), announce("x".repeat(60)), announce("3")];
  const answer = await post(`${doors.url}/commands`, batch(...lines));
  expect(answer.brief).toEqual(["ok c1.1", "error too-large"]);
  expect([await socket.next(), await socket.next()]).toEqual(["messages a 2", "messages a 1,3"]);
});

test("a hello alone is an empty batch", async () => {
  const doors = await startDoors();
  const answer = await post(`${doors.url}/commands`, `${HELLO}\n\n`);
  expect([answer.status, answer.frames]).toEqual([200, []]);
});

describe("refusals, before any command is done (P12)", () => {
  const good = publishText("c1.1", "a", 1);
  const cases: [what: string, status: number, code: string, body: string | Uint8Array][] = [
    ["an empty body", 400, "bad-request", ""],
    ["no hello first", 400, "bad-frame", good],
    ["a line that is no JSON", 400, "bad-json", batch(good, "{")],
    ["a second hello", 400, "bad-request", batch(good, HELLO)],
    ["a frame that is no command", 400, "bad-request", batch(good, '{"t":"pong"}')],
    ["an unknown frame", 400, "unknown-frame", batch(good, '{"t":"dance"}')],
    ["a channel name that is none", 400, "bad-channel", batch(good, publishText("c1.2", "a//b", 1))],
    [
      "JSON nested 100,000 deep",
      400,
      "bad-json",
      batch(good, `{"t":"publish","k":"c1.2","c":"a","d":${"[".repeat(100_000)}`),
    ],
    ["more commands than limits.inFlight", 413, "too-large", batch(...Array<string>(4).fill(good))],
    ["a body that is no UTF-8", 400, "bad-utf8", Buffer.concat([Buffer.from(HELLO), Buffer.from([10, 0xff])])],
    ["a body over limits.frameBytes", 413, "too-large", batch(publishText("c1.1", "a", "x".repeat(300_000)))],
  ];
  for (const [what, status, code, body] of cases) {
    test(`${what}: ${status} ${code}`, async () => {
      const doors = await startDoors({ limits: { inFlight: 3 } });
      const answer = await post(`${doors.url}/commands`, body);
      expect([answer.status, answer.error?.code]).toEqual([status, code]);
      expect(doors.hub.stats().broker.channels).toBe(0);
      expect(doors.errors).toEqual([]);
    });
  }

  test("the sentence names the line", async () => {
    const doors = await startDoors();
    const answer = await post(`${doors.url}/commands`, batch(good, good, "{"));
    expect(answer.error?.message).toMatch(/^Line 4: /);
  });

  test("lines that are empty count for its number", async () => {
    const doors = await startDoors();
    const messageOf = async (body: string) => (await post(`${doors.url}/commands`, body)).error?.message;
    expect(await messageOf(`\n${HELLO}\r\n\n{`)).toMatch(/^Line 4: /);
    expect(await messageOf(`\n${HELLO}\n\n{"t":"pong"}`)).toMatch(/^Line 4 is "pong"/);
  });
});

describe("beyond limits.commandsPerSecond", () => {
  const limits = { commandsPerSecond: 1, commandBurst: 2 };

  test("a batch is refused as a whole with 429 and when to come back; nothing of it is done, nor told (K6, P5, P11)", async () => {
    const doors = await startDoors({ limits });
    const url = `${doors.url}/commands`;
    await post(url, batch(...Array.from({ length: 61 }, (_, i) => publishText(`c1.${i + 1}`, "a", i))));
    const announce = JSON.stringify({ t: "announce", c: "a", d: 0 });
    const refused = await post(url, batch(publishText("c1.62", "a", 5), announce));
    expect([refused.status, refused.error?.code]).toEqual([429, "rate-limited"]);
    const after = Number(refused.headers.get("retry-after"));
    expect(after).toBeGreaterThan(1);
    expect(after).toBeLessThanOrEqual(60);
    const { counters } = doors.hub.stats();
    expect(counters).toMatchObject({ "messages.published": 61, "commands.refused.rate-limited": 2 });
    expect(counters["volatile.announced"]).toBeUndefined();
    doors.skip(60_000);
    expect((await post(url, batch(publishText("c1.62", "a", 5)))).brief).toEqual(["ok c1.62"]);
  });

  test("a publish by the plain door is refused alike (P6, P11)", async () => {
    const doors = await startDoors({ limits });
    const publish = () => fetch(`${doors.url}/channels/a`, { method: "POST", body: "x" });
    let published = 0;
    let answer = await publish();
    for (; answer.status === 201; answer = await publish()) published++; // a busy machine may be slower than the rate for a while
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, "1"]);
    expect(published).toBeGreaterThanOrEqual(2);
    expect(doors.hub.stats().counters["messages.published"]).toBe(published);
  });
});
