/** What takes its time through `POST /commands`: answered soon, or with `running`, and then when there is an answer. */
import { expect, test } from "vitest";
import type { Rules } from "../../src/core/index.ts";
import { jsonClientCodec } from "../../src/protocol/index.ts";
import { callFrame, playedCalls } from "../support/played-calls.ts";
import { eventually, helloText, openSocket, post, publishText, startDoors } from "./support.ts";

const callText = (key: string) => jsonClientCodec.writeClient(callFrame(key, key, "a"));

async function setUp() {
  const calls = playedCalls();
  const doors = await startDoors({ calls });
  const send = (hello: string, ...lines: string[]) => post(`${doors.url}/commands`, [hello, ...lines].join("\n"));
  return {
    calls,
    doors,
    batch: (...lines: string[]) => send(helloText({}), ...lines),
    again: (wait: number, ...lines: string[]) => send(helloText({}, { wait }), ...lines),
    /** Those that run, by their input. */
    run: async (text: string) => {
      await eventually(() => calls.texts.includes(text));
      return calls.runs.find((run) => run.text === text);
    },
  };
}

test("a call that is answered soon is answered in its place (P5)", async () => {
  const { batch, run } = await setUp();
  const answer = batch(callText("k1"), publishText("k2", "a", 1));
  (await run("k1"))?.answer("yo");
  const { brief, frames } = await answer;
  expect(brief).toEqual(["ok k1", "ok k2"]);
  expect(frames[0]).toEqual({ t: "ok", key: "k1", answer: { kind: "text", data: "yo" } });
});

test("one that runs longer is running, and what follows it in the batch is done (P5)", async () => {
  const { batch, calls, doors } = await setUp();
  const { brief } = await batch(callText("k1"), publishText("k2", "a", 1), callText("k3"));
  expect(brief).toEqual(["running k1", "ok k2", "running k3"]);
  expect(calls.texts).toEqual(["k1", "k3"]);
  expect(doors.hub.stats().counters["messages.published"]).toBe(1);
});

test("who asks again with a wait is answered when there is an answer, and the call was started once (P5)", async () => {
  const { batch, again, calls, run } = await setUp();
  await batch(callText("k1"));
  const answer = again(20, callText("k1"));
  (await run("k1"))?.answer("yo");
  expect((await answer).brief).toEqual(["ok k1"]);
  expect((await again(20, callText("k1"))).brief).toEqual(["ok k1"]); // at once: it is kept
  expect(calls.texts).toEqual(["k1"]);
});

test("who asks again for several is answered with the first, and hears that the others run", async () => {
  const { batch, again, run } = await setUp();
  await batch(callText("k1"), callText("k2"), callText("k3"));
  const answer = again(20, callText("k1"), callText("k2"), callText("k3"));
  (await run("k2"))?.answer("yo");
  expect((await answer).brief).toEqual(["running k1", "ok k2", "running k3"]);
  const next = again(20, callText("k1"), callText("k2"), callText("k3"));
  expect((await next).brief).toEqual(["running k1", "ok k2", "running k3"]); // an answer that is there is not held back
});

test("a wait that is over is answered with running", async () => {
  const { batch, again } = await setUp();
  await batch(callText("k1"));
  expect((await again(1, callText("k1"))).brief).toEqual(["running k1"]);
});

test("a client that goes away while it waits leaves nothing behind (P6)", async () => {
  const { batch, doors, run } = await setUp();
  await batch(callText("k1"));
  const abort = new AbortController();
  const body = [helloText({}, { wait: 20 }), callText("k1")].join("\n");
  const gone = post(`${doors.url}/commands`, body, { signal: abort.signal }).catch(() => "gone");
  await eventually(() => doors.hub.stats().counters["calls.repeated"] === 1);
  abort.abort();
  expect(await gone).toBe("gone");
  (await run("k1"))?.answer("yo");
  await eventually(() => doors.hub.stats().calls === 0);
  expect(doors.errors).toEqual([]);
});

test("announcements are told behind the commands of their batch, and wait for the answer of no call (P1, P7)", async () => {
  const { again, doors, run } = await setUp();
  const socket = await openSocket(doors);
  socket.send(helloText({ a: "now" }));
  for (const frame of ["welcome", "live a"]) expect(await socket.next()).toBe(frame);
  const answer = again(20, callText("k1"), JSON.stringify({ t: "announce", c: "a", d: "1" }));
  expect(await socket.next()).toBe("messages a 1");
  (await run("k1"))?.answer("yo");
  expect((await answer).brief).toEqual(["ok k1"]);
});

test("a call that is refused for now ends the batch: what follows was not tried (P5)", async () => {
  const calls = playedCalls();
  const doors = await startDoors({ calls, limits: { calls: 1 } });
  const lines = [helloText({}), callText("k1"), callText("k2"), publishText("k3", "a", 1)];
  const { brief } = await post(`${doors.url}/commands`, lines.join("\n"));
  expect(brief).toEqual(["running k1", "error unavailable"]);
  expect(calls.texts).toEqual(["k1"]);
});

test("an unknown call fails alone", async () => {
  const { batch } = await setUp();
  const dance = jsonClientCodec.writeClient(callFrame("k1", "", "a", "dance"));
  expect((await batch(dance, publishText("k2", "a", 1))).brief).toEqual(["error unknown-call", "ok k2"]);
});

test("a message that waits longer for its window is running, holds up nothing, and is answered when it was appended (P4, P5)", async () => {
  const rules: Rules = {
    admit: (channel, _event, payload) =>
      channel === "a"
        ? { payload, delivery: { class: "latest", collapse: "k", windowMs: 300 } }
        : { payload, delivery: { class: "reliable" } },
    presence: (_channel, state) => state,
    checkChannel() {},
  };
  const doors = await startDoors({ rules });
  const batch = (...lines: string[]) => post(`${doors.url}/commands`, [helloText({}), ...lines].join("\n"));
  const { brief } = await batch(publishText("k1", "a", 1), publishText("k2", "a", 2), publishText("k3", "b", 1));
  expect(brief).toEqual(["ok k1", "running k2", "ok k3"]);
  const published = () => doors.hub.stats().counters["messages.published"];
  await eventually(() => published() === 3);
  // The next window is open, and has nothing to do with it.
  expect((await batch(publishText("k2", "a", 2), publishText("k4", "b", 2))).brief).toEqual(["ok k2", "ok k4"]);
  expect(published()).toBe(4);
});
