/** A stream is cancelled by a call, once, whatever becomes of the link that it came over; and by nothing else. */
import { describe, expect, onTestFinished, test } from "vitest";
import { binary } from "../../src/client/binary.ts";
import { type ClientOptions, createClient } from "../../src/client/index.node.ts";
import { eitherway } from "../../src/node/index.ts";
import { createFaultNetwork } from "../../src/testing/index.ts";
import { app } from "../contract/app.ts";
import { witnessed, witnessMetrics } from "../support/witness.ts";
import { eventually } from "./support.ts";

const WAYS: readonly (Pick<ClientOptions, "transport" | "framing"> & { readonly title: string })[] = [
  { title: "websocket json", transport: "websocket" },
  { title: "websocket binary", transport: "websocket", framing: binary },
  { title: "sse", transport: "sse" },
  { title: "poll", transport: "poll" },
];

const JOB = { id: "7" };
const SOME_TEXT = "half an ans";

/** A producer that ends when it is told to stop, and a network between the server and whoever tells it. */
async function open() {
  const ew = eitherway(app, { logger: witnessed() });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const { url, port } = await ew.listen({ port: 0 });
  const network = await createFaultNetwork({ target: port });
  onTestFinished(() => network.close());

  const answer = ew.stream("job", JOB, "answer");
  const told: unknown[] = [];
  const runs: string[] = [];
  let mayAnswer = Promise.resolve();
  answer.signal.addEventListener("abort", () => {
    told.push(answer.signal.reason);
    void answer.end();
  });
  ew.channel("job", {
    calls: {
      async stop({ client }) {
        runs.push(client);
        answer.cancel("stopped");
        await mayAnswer;
      },
    },
  });
  await answer.append(SOME_TEXT);

  const connect = (own: Partial<ClientOptions>) => {
    const client = createClient(app, { url, ...own });
    onTestFinished(() => client.close());
    return { client, job: client.channel("job", JOB) };
  };
  return {
    ...{ url, network, answer, told, runs, connect },
    /** Calls are answered only after what this gives was called. */
    holdAnswers() {
      let release = (): void => {};
      mayAnswer = new Promise((resolve) => {
        release = resolve;
      });
      return release;
    },
    /** Through the network, with a link that is open. */
    async connectBadly(own: Partial<ClientOptions>) {
      const made = connect({ ...own, url: `${network.url}/eitherway`, random: () => 0 });
      await made.client.channel("news").publish("item", { title: "there is a link" });
      return made;
    },
    repeated: () => ew.stats().counters["calls.repeated"] ?? 0,
    /** Events of the stream that are no pieces, once it has any. */
    async ends(): Promise<readonly string[]> {
      const history = `${url}/channels/@stream/job/7/answer`;
      const { messages } = (await (await fetch(history)).json()) as { messages: readonly { event: string }[] };
      return messages.map(({ event }) => event).filter((event) => event !== "piece");
    },
  };
}

describe.each(WAYS)("over $title", ({ title: _, ...way }) => {
  test("a call that cancels is started once though its answer is cut off and it is asked for again (P3, P5)", async () => {
    const { network, told, runs, holdAnswers, connect, connectBadly, repeated, ends } = await open();
    const text = connect(way).job.stream("answer").text();
    const { client, job } = await connectBadly(way);
    const giveAnswers = holdAnswers();
    const stopped = job.call.stop();
    await eventually(() => runs.length > 0);
    network.cutAll();
    await eventually(() => repeated() > 0);
    giveAnswers();
    await stopped;
    await connect(way).job.call.stop(); // another one, that comes too late
    expect(await text).toBe(SOME_TEXT);
    expect([told, runs.length, runs[0]]).toEqual([["stopped"], 2, client.id]);
    expect(await ends()).toEqual(["end"]);
  });

  test("a cancel holds though whoever sent it is gone before the answer (P5)", async () => {
    const { network, told, runs, holdAnswers, connect, connectBadly, ends } = await open();
    const text = connect(way).job.stream("answer").text();
    const { client, job } = await connectBadly(way);
    const giveAnswers = holdAnswers();
    const stopped = job.call.stop().catch(({ code }) => code);
    await eventually(() => runs.length > 0);
    network.set({ kind: "refuse" });
    network.cutAll();
    await client.close();
    giveAnswers();
    expect(await stopped).toBe("outcome-unknown");
    expect(await text).toBe(SOME_TEXT);
    expect([told, runs.length, await ends()]).toEqual([["stopped"], 1, ["end"]]);
  });

  test("connections that are lost cancel nothing (P3)", async () => {
    const { network, answer, told, connectBadly, ends } = await open();
    const { client, job } = await connectBadly(way);
    const text = job.stream("answer").text();
    for (let times = 1; times <= 2; times++) {
      const links = client.status.links;
      await eventually(() => network.cutAll() > 0);
      await eventually(() => client.status.links > links);
      await answer.append(` ${times}`);
    }
    const leaving = await connectBadly(way);
    const reading = leaving.job.stream("answer").text();
    await leaving.client.close();
    await expect(reading).rejects.toMatchObject({ code: "closed" });
    expect(told).toEqual([]);
    await answer.end();
    expect(await text).toBe(`${SOME_TEXT} 1 2`);
    expect(await ends()).toEqual(["end"]);
  });
});

test("frames of a cancel that are posted again are one call, and answered alike (P5)", async () => {
  const { url, told, runs, ends } = await open();
  const lines = [
    { t: "hello", v: 1, client: "c1", channels: {} },
    { t: "call", k: "stop-7", c: "job/7", e: "stop", d: null },
  ];
  const body = lines.map((line) => JSON.stringify(line)).join("\n");
  const answers: string[] = [];
  for (let times = 0; times < 2; times++) {
    answers.push(await (await fetch(`${url}/commands`, { method: "POST", body })).text());
  }
  expect(answers.map((answer) => answer.trim().split("\n").at(-1))).toEqual(Array(2).fill('{"t":"ok","k":"stop-7"}'));
  await eventually(() => told.length > 0);
  expect([told, runs]).toEqual([["stopped"], ["c1"]]);
  await expect.poll(ends).toEqual(["end"]);
});
