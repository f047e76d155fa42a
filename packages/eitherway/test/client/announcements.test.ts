/** Announcements over the transports of the client, against a server that the test plays. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { createAnnouncement, createCommand } from "../../src/client/command.ts";
import { pollTransport } from "../../src/client/transports/poll.ts";
import { createWebSocketTransport } from "../../src/client/transports/websocket.ts";
import { jsonPayload, pollFraming, textPayload } from "../../src/protocol/index.ts";
import { createFakeClient, FakeSocket, stubFetch } from "./fake-network.ts";
import { idOf, WELCOME } from "./support.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("a WebSocket announces at once, and not while much of what was sent has not left (P6)", () => {
  const client = createFakeClient();
  const link = createWebSocketTransport(() => FakeSocket).open(client.to, client.events);
  const socket = FakeSocket.made.at(-1) as FakeSocket;
  socket.onopen?.({});
  const announcement = createAnnouncement({
    t: "announce",
    channel: "a",
    event: "message",
    payload: textPayload("x"),
  });
  expect(link.announce(announcement)).toBe(true);
  socket.bufferedAmount = 100_000;
  expect(link.announce(announcement)).toBe(false);
  expect(socket.sent.slice(1)).toEqual([announcement.line]);
});

test("a poll asks again at once after what is volatile: it moves no cursor, and more of it may come", async () => {
  const requests = stubFetch();
  const client = createFakeClient();
  pollTransport.open(client.to, client.events);
  const entry = { seq: 0, at: 0, event: "message", from: undefined, payload: jsonPayload(1), skipped: 0 };
  const announced = pollFraming.run({ channel: "a", epoch: undefined, messages: [entry] });
  client.settled = true;
  requests[0]?.lines(WELCOME, { t: "live", channel: "a", id: idOf(1) });
  await client.clock.settle();
  for (let n = 1; n <= 3; n++) {
    requests[n]?.answer(new TextDecoder().decode(announced));
    await client.clock.settle();
    expect(requests).toHaveLength(n + 2);
  }
});

describe("announcements by POST", () => {
  const announcement = (text: string) =>
    createAnnouncement({ t: "announce", channel: "a", event: "message", payload: textPayload(text) });
  const textsOf = (body = ""): string[] => [...body.matchAll(/"s":"([^"]*)"/g)].map(([, text = ""]) => text);

  async function open() {
    const requests = stubFetch();
    const client = createFakeClient();
    const link = pollTransport.open(client.to, client.events);
    requests[0]?.lines(WELCOME);
    await client.clock.settle();
    const posts = () => requests.filter(({ door }) => door === "commands");
    return { client, link, posts };
  }

  test("go by themselves, wait for no command, and those that come meanwhile go with the next, in order (P1)", async () => {
    const { client, link, posts } = await open();
    link.publish(
      createCommand({ t: "publish", key: "c1.1", channel: "room", event: "message", payload: jsonPayload(1) }),
    );
    await client.clock.settle();
    for (const text of ["1", "2"]) expect(link.announce(announcement(text))).toBe(true);
    await client.clock.settle();
    for (const text of ["3", "4", "5"]) link.announce(announcement(text));
    await client.clock.settle();
    posts()[1]?.lines();
    await client.clock.settle();
    expect(
      posts()
        .slice(1)
        .map(({ body }) => textsOf(body)),
    ).toEqual([
      ["1", "2"],
      ["3", "4", "5"],
    ]);
  });

  test("are dropped while many wait, whatever becomes of a request; a refused one is an error (P6, P12)", async () => {
    const { client, link, posts } = await open();
    link.announce(announcement("first"));
    await client.clock.settle();
    const taken = Array.from({ length: 20 }, (_, n) => link.announce(announcement(`${n}`)));
    expect(taken.filter(Boolean)).toHaveLength(16);
    client.clock.advance(5_000); // no answer: given up, as what waits is of more worth
    await client.clock.settle();
    expect(posts()[0]?.aborted).toBe(true);
    posts()[1]?.lines({ t: "error", code: "bad-request", message: "not volatile" });
    await client.clock.settle();
    expect(client.log.filter((line) => !line.startsWith("welcome"))).toEqual(["error"]);
    link.close();
    await client.clock.settle();
    expect(client.clock.pending).toBe(0);
  });
});
