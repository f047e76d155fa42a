import { createServer, type RequestListener } from "node:http";
import { createServer as createTcpServer } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocketServer } from "ws";
import type { Examination } from "../../src/cli/doctor/examine.ts";
import { documented } from "../../src/cli/doctor/finding.ts";
import { createFaultNetwork } from "../../src/testing/index.ts";
import { runToEnd, startCli, startServer } from "./support.ts";

/** Of a hop: no multiple of the time between two publishes. */
const HOLD_MS = 1_450;
const PING_MS = 60_000; // longer than any silence here

async function examined(url: string, ...flags: readonly string[]) {
  const { code, out, err } = await runToEnd(["doctor", url, "--idle", "0", "--json", ...flags]);
  const examination = JSON.parse(out) as Examination;
  return { code, err, examination, ids: examination.findings.map(({ id }) => id) };
}

/** Serves it until the test is over. */
async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as { port: number }).port}/`;
}

describe("doctor and a server of ours", () => {
  test("finds nothing where nothing is between, by any of its addresses", async () => {
    const { port, url } = await startServer(0, { pingMs: PING_MS });
    for (const address of [url, `http://127.0.0.1:${port}`, `ws://127.0.0.1:${port}/eitherway`]) {
      const { code, examination, ids } = await examined(address);
      expect({ code, ids, what: examination.what, url: examination.url }).toEqual({
        code: 0,
        ids: [],
        what: "eitherway",
        url,
      });
    }
  });

  test("tells people what it saw, and progress on standard error", async () => {
    const { url } = await startServer(0, { pingMs: PING_MS });
    const { code, out, err } = await runToEnd(["doctor", url, "--idle", "0"]);
    expect({ code, out }).toEqual({
      code: 0,
      out: `${url}\n  An Eitherway server; WebSocket, GET /events, POST /stream opened.\n\nNothing wrong was found.\n`,
    });
    expect(err).toMatch(/opening a WebSocket/);
  });

  test("finds pages of another origin refused, and takes the advice", async () => {
    const page = "https://app.example";
    const refusing = await startServer(0, { pingMs: PING_MS });
    expect(await examined(refusing.url, "--origin", page)).toMatchObject({ code: 1, ids: ["cors-refused"] });
    const allowing = await startServer(0, { pingMs: PING_MS, allowedOrigins: [page] });
    expect(await examined(allowing.url, "--origin", page)).toMatchObject({ code: 0, ids: [] });
  });

  test("tells how long a hop holds messages back, as the hop itself counts it", async () => {
    const { port } = await startServer(0, { pingMs: PING_MS });
    const network = await createFaultNetwork({ target: port });
    onTestFinished(() => network.close());
    network.set({ kind: "buffering", ms: HOLD_MS });
    const { code, examination, ids } = await examined(network.url);
    expect({ code, ids }).toEqual({ code: 1, ids: ["buffering"] });
    const [found] = examination.findings;
    expect(Math.abs((found?.value ?? 0) / network.counters.longestHeldMs.down - 1)).toBeLessThan(0.1);
    expect(found?.evidence).toMatch(/\d+ came late, up to \d\.\d\d s, in \d+ bunches/);
  });

  test("keeps what it has when it is stopped, and says so", async () => {
    const { url } = await startServer(0, { pingMs: PING_MS });
    const doctor = startCli(["doctor", url]);
    await doctor.says(/opening a WebSocket/);
    expect(await doctor.stop()).toBe(0);
    expect(doctor.out()).toMatch(/^PARTIAL: stopped before it was done\n/);
  });
});

describe("doctor and servers of others", () => {
  test("finds what is wrong with an event stream", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("data: hi\n\n");
    });
    const { code, examination, ids } = await examined(url, "--idle", "1");
    expect({ code, ids }).toEqual({ code: 1, ids: ["cacheable", "no-anti-buffering", "no-event-ids"] });
    expect(examination).toMatchObject({ what: "event-stream" });
  });

  test("finds nothing wrong with a good one", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store, no-transform",
        "x-accel-buffering": "no",
      });
      response.write("id: 1\ndata: hi\n\n");
    });
    expect(await examined(url, "--idle", "1")).toMatchObject({ code: 0, ids: [] });
  });

  test("tells that a stream is ended, and how long it was silent", async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, {
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        "x-accel-buffering": "no",
      });
      response.flushHeaders();
      setTimeout(() => response.end(), 300);
    });
    const { code, examination, ids } = await examined(url, "--idle", "3");
    expect({ code, ids }).toEqual({ code: 1, ids: ["idle-cut"] });
    expect(examination.findings[0]?.value).toBeGreaterThan(250);
  });

  test("opens a WebSocket, and gets a pong", async () => {
    const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
    onTestFinished(() => {
      for (const client of server.clients) client.terminate();
      server.close();
    });
    await new Promise((resolve) => server.once("listening", resolve));
    const { code, examination } = await examined(`ws://127.0.0.1:${(server.address() as { port: number }).port}/`);
    expect({ code, what: examination.what }).toEqual({ code: 0, what: "websocket" });
    expect(examination.seen.join(" ")).toMatch(/A ping comes back after/);
  });

  test("says that a WebSocket is refused, and with what", async () => {
    const url = await serve((_, response) => response.writeHead(403).end("no"));
    const { code, examination, ids } = await examined(url.replace("http", "ws"));
    expect({ code, ids }).toEqual({ code: 1, ids: ["upgrade-refused"] });
    expect(examination.findings[0]?.evidence).toContain("403");
  });
});

describe("doctor gives one sentence and an exit code (P12)", () => {
  test("where neither a stream nor a socket is", async () => {
    const url = await serve((_, response) => response.end("hello"));
    const { code, err } = await runToEnd(["doctor", url]);
    expect(code).toBe(1);
    expect(err).toMatch(/answered 200: no event stream and no Eitherway server; give the URL of a WebSocket/);
  });

  test("where nobody listens", async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const { code, err } = await runToEnd(["doctor", `http://127.0.0.1:${port}`]);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringMatching(/^Nothing answers at .*ECONNREFUSED.*\.\n$/) });
  });

  test.each<[string[], RegExp]>([
    [[], /doctor takes one URL: eitherway doctor https/],
    [["example.org"], /doctor takes one URL, not "example\.org"/],
    [["ftp://example.org"], /doctor takes one URL, not "ftp:/],
    [["http://a.example", "http://b.example"], /doctor takes one URL, not/],
    [["http://a.example", "--idle", "26"], /--idle is "26"; give whole seconds from 0 to 25/],
    [["http://a.example", "--origin", "a.example/"], /--origin is "a\.example\/"; give a scheme and a host/],
  ])("for %j", async (argv, sentence) => {
    const { code, out, err } = await runToEnd(["doctor", ...argv]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(sentence);
  });
});

test("a setting that is documented and not tested says where and when", () => {
  const [mend] = documented("aws-alb-idle");
  expect(mend).toMatchObject({
    for: "AWS",
    documented: { source: expect.stringMatching(/^https:/), date: expect.stringMatching(/^\d{4}-/) },
  });
  expect(() => documented("no-such-fact")).toThrow(/no-such-fact/);
});
