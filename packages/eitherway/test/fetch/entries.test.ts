/** `ew.fetch` of the server for Node beside the port of that same server, and the server that needs no Node. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { channel, contract } from "../../src/contract/index.ts";
import { eitherway as fetchEitherway } from "../../src/fetch/index.ts";
import { eitherway } from "../../src/node/index.ts";
import { witnessed, witnessMetrics } from "../support/witness.ts";

const quiet = witnessed();
const ALLOWED = "https://app.example";

const json = { "content-type": "application/json" };
const REQUESTS: readonly (readonly [string, RequestInit?])[] = [
  ["/channels/a", { method: "POST", body: '{"n":1}', headers: { ...json, "idempotency-key": "one" } }],
  ["/channels/a", { method: "POST", body: '{"n":2}', headers: { ...json, "idempotency-key": "one" } }],
  ["/channels/a", { method: "POST", body: "{", headers: json }],
  ["/channels/a", { method: "POST", body: "x".repeat(70_000), headers: { "content-type": "text/plain" } }],
  ["/channels/a", { method: "POST", body: "x", headers: { "content-type": "image/png" } }],
  ["/channels/a?limit=1"],
  ["/channels/a", { method: "HEAD" }],
  ["/channels/a?after=start&wait=1", { headers: { origin: ALLOWED } }],
  ["/channels/a%2F%2Fb"],
  ["/channels/caf%C3%A9"],
  ["/channels/a", { method: "OPTIONS", headers: { origin: ALLOWED, "access-control-request-method": "POST" } }],
  ["/channels/a", { method: "PATCH" }],
  [
    "/commands",
    { method: "POST", body: '{"t":"hello","v":1,"client":"c1"}\n{"t":"publish","k":"c1.1","c":"a","d":1}' },
  ],
  ["/poll", { method: "POST", body: '{"t":"hello","v":1,"client":"c1","channels":{"b":"start"},"wait":0}' }],
  ["/events"],
  ["/events?channel=a", { headers: { origin: "https://evil.example" } }],
  ["/healthz"],
  ["/nothing"],
  [""],
];

/** Not said by us: the platform's own words about the connection. */
const OF_THE_CONNECTION = ["connection", "keep-alive", "date", "content-length", "transfer-encoding"];

test("answers are those of the port, word for word", async () => {
  const ew = eitherway({ logger: quiet, allowedOrigins: [ALLOWED] });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const { url } = await ew.listen({ port: 0 });
  for (const [path, init] of REQUESTS) {
    const overPort = await told(await fetch(url + path, init));
    const inProcess = await told(await ew.fetch(new Request(url + path, init)));
    expect(inProcess, `${init?.method ?? "GET"} ${path}`).toEqual(overPort);
  }
});

async function told(response: Response) {
  const headers = Object.fromEntries([...response.headers].filter(([name]) => !OF_THE_CONNECTION.includes(name)));
  return { status: response.status, headers, body: await response.text() };
}

const ENTRY = fileURLToPath(new URL("../../dist/fetch/index.js", import.meta.url));

test("the server without Node takes a contract, and publishes by its names", async () => {
  const app = contract({ room: channel("room/:id", { events: { said: z.object({ text: z.string() }) } }) });
  const ew = fetchEitherway(app, { logger: quiet });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  const { id } = await ew.publish("room", { id: "42" }, "said", { text: "hi" });
  const history = await ew.fetch(new Request("http://localhost/eitherway/channels/room/42"));
  expect(await history.json()).toMatchObject({ messages: [{ id, event: "said", data: { text: "hi" } }] });
  expect((await ew.fetch(new Request("http://localhost/eitherway/channels/elsewhere"))).status).toBe(404);
});

test("its timers keep no process alive", async () => {
  const program = `
    const { eitherway } = await import(${JSON.stringify(ENTRY)});
    const ew = eitherway();
    await ew.publish("a", 1);
    const { status } = await ew.fetch(new Request("http://localhost/eitherway/events?channel=a"));
    console.log(status);`;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program]);
  expect(stdout).toBe("200\n");
});

test("it refuses a wrong option by its name (P12)", () => {
  expect(() => fetchEitherway({ basePath: "rooms/" })).toThrow(expect.objectContaining({ code: "bad-request" }));
  expect(() => fetchEitherway({ trustProxy: -1 })).toThrow(/trustProxy/);
  expect(() => fetchEitherway({ port: 3000 } as object)).toThrow(/"port".*basePath/);
});
