/** A channel that is left and taken again on one WebSocket: what comes for the earlier subscription must not spoil the later one. */
import { expect, test } from "vitest";
import { createWebSocketTransport } from "../../src/client/transports/websocket.ts";
import { FakeSocket } from "./fake-network.ts";
import { createStage, idOf, WELCOME } from "./support.ts";

const live = (seq: number) => ({ t: "live", c: "a", i: idOf(seq) });
const run = (first: number, ...texts: string[]) => ({
  t: "messages",
  c: "a",
  i: idOf(first),
  at: 1,
  m: texts.map((s) => ({ s })),
});
const trimmed = (oldest: number, head: number) => ({
  t: "gap",
  c: "a",
  why: "trimmed",
  oldest: idOf(oldest),
  head: idOf(head),
});

function createScene() {
  FakeSocket.made.length = 0;
  const stage = createStage({ transports: [createWebSocketTransport(() => FakeSocket)], transport: "websocket" });
  const seen: unknown[] = [];
  const listen = (from: string) =>
    stage.client.channel("a", { from }).on("message", (data) => {
      seen.push(data);
    });
  const newest = (): FakeSocket => FakeSocket.made.at(-1) as FakeSocket;
  const says = async (...frames: object[]): Promise<void> => {
    for (const frame of frames) newest().onmessage?.({ data: JSON.stringify(frame) });
    await stage.settle();
  };
  const opens = (): void => newest().onopen?.({});
  const welcomes = async (): Promise<void> => {
    newest().say(WELCOME);
    await stage.settle();
  };
  return { stage, seen, listen, newest, says, opens, welcomes };
}

test("it stays on the link, and gets all after its cursor (P2)", async () => {
  const { stage, seen, listen, says, opens, welcomes } = createScene();
  const undo = listen(idOf(2));
  await stage.settle();
  opens();
  await welcomes();
  await says(run(3, "3", "4"), live(4));
  undo();
  await stage.pass(100);
  seen.length = 0;
  listen(idOf(2));
  await stage.settle();
  await says(run(5, "5"), run(3, "3", "4", "5"), live(5), run(6, "6"));
  expect(seen).toEqual(["3", "4", "5", "6"]);
  expect(stage.client.status).toMatchObject({ links: 1, gaps: 0, holes: 0 });
});

test("taken from a saved id while a link is being opened, nothing is lost (P2)", async () => {
  const { stage, seen, listen, newest, says, opens, welcomes } = createScene();
  const undo = listen(idOf(2));
  await stage.settle();
  opens();
  await welcomes();
  await says(run(3, "3", "4"), live(4));
  newest().onclose?.({ code: 1006, reason: "" });
  await stage.pass(1_000);
  opens(); // its hello says 4
  undo();
  await stage.pass(100);
  seen.length = 0;
  listen(idOf(2));
  await stage.settle();
  const second = newest();
  await welcomes();
  await says(run(5, "5", "6"), live(6)); // for the hello
  expect(newest()).not.toBe(second); // what answers the hello and what answers the subscribe cannot be told apart
  opens();
  await welcomes();
  await says(run(3, "3", "4", "5", "6"), live(6), run(7, "7"));
  expect(seen).toEqual(["3", "4", "5", "6", "7"]);
  expect(stage.client.status).toMatchObject({ gaps: 0, holes: 0 });
});

test("a listener that is put back within a moment around a switch loses nothing (P2)", async () => {
  const { stage, seen, listen, newest, says, opens, welcomes } = createScene();
  const undo = listen(idOf(2));
  await stage.settle();
  opens();
  await welcomes();
  await says(live(2));
  undo();
  await says(run(3, "3")); // nobody listens, so it has to come again
  stage.client.use("websocket");
  await stage.settle();
  opens();
  listen(idOf(2));
  await stage.settle();
  const second = newest();
  await welcomes();
  await says(live(3));
  if (newest() !== second) {
    opens();
    await welcomes();
  }
  await says(run(3, "3"), live(3), run(4, "4"));
  expect(seen).toEqual(["3", "4"]);
});

test("a gap that was on its way for the earlier subscription is no gap of the later one (P2)", async () => {
  const { stage, seen, listen, newest, says, opens, welcomes } = createScene();
  const undo = listen(idOf(9));
  await stage.settle();
  opens();
  await welcomes();
  await says(live(9));
  undo();
  await stage.pass(100);
  listen(idOf(15));
  await stage.settle();
  const first = newest();
  await says(trimmed(12, 20));
  expect(newest()).not.toBe(first);
  opens();
  await welcomes();
  await says(run(16, "16", "17", "18", "19", "20"), live(20), run(21, "21"));
  expect(seen).toEqual(["16", "17", "18", "19", "20", "21"]);
  expect(stage.client.status).toMatchObject({ gaps: 0, holes: 0 });
});
