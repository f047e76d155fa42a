import { once } from "node:events";
import { createServer } from "node:http";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { text as textOf } from "node:stream/consumers";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket, WebSocketServer } from "ws";
import { createCounters, DEFAULT_LIMITS, type HttpExchange } from "../../src/core/index.ts";
import { attach, createNodeClock } from "../../src/node/index.ts";
import type { RequestHandler } from "../../src/transports/index.ts";
import { createUnfinishedMessages } from "../../src/transports/unfinished-messages.ts";
import type { FramePeer } from "../../src/transports/websocket-reader.ts";
import { witnessed } from "../support/witness.ts";
import { answering, listen, rawConnect, requestText, start, upgrading } from "./support.ts";

const quiet = witnessed();
const options = {
  basePath: "/eitherway",
  limits: DEFAULT_LIMITS,
  clock: createNodeClock(),
  logger: quiet,
  metrics: createCounters(),
  unfinished: createUnfinishedMessages<FramePeer>(),
};

/** Answers every request with its path, and takes every socket. */
const ours: RequestHandler = {
  handles: (path) => path === "/healthz",
  handle: async (exchange) => exchange.respond({ status: 200, headers: {}, body: `ours ${exchange.path}` }),
  upgrade: (request) => {
    const socket = request.accept(request.protocols[0] ?? "");
    socket.listen({ message: (data) => socket.close(4000, `got ${String(data)}`), drained() {}, closed() {} });
  },
};

async function text(port: number, path: string): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return `${response.status} ${await response.text()}`;
}

describe("requests", () => {
  test("below the base path are ours, and the application keeps all others", async () => {
    const server = createServer((request, response) => response.end(`app ${request.url}`));
    attach(server, ours, options);
    const port = await listen(server);
    expect(await text(port, "/eitherway")).toBe("200 ours ");
    expect(await text(port, "/eitherway/a/b?x=1")).toBe("200 ours /a/b");
    expect(await text(port, "/healthz")).toBe("200 ours /healthz");
    expect(await text(port, "/")).toBe("200 app /");
    expect(await text(port, "/eitherways")).toBe("200 app /eitherways");
  });

  test("an application that comes after attach() is as welcome, and does not see our requests", async () => {
    const server = createServer();
    attach(server, ours, options);
    const seen: (string | undefined)[] = [];
    server.on("request", (request, response) => {
      seen.push(request.url);
      response.end("late app");
    });
    const port = await listen(server);
    expect(await text(port, "/eitherway/x")).toBe("200 ours /x");
    expect(await text(port, "/other")).toBe("200 late app");
    expect(seen).toEqual(["/other"]);
  });

  test("come to a plain HTTP/2 server as well, beside the application's", async () => {
    const server = createHttp2Server((request, response) => response.end(`app ${request.url}`));
    const undo = attach(server, ours, options);
    const client = connectHttp2(`http://127.0.0.1:${await listen(server)}`);
    onTestFinished(() => client.destroy());
    const ask = (path: string): Promise<string> => textOf(client.request({ ":path": path }));
    expect(await Promise.all(["/eitherway/x", "/page"].map(ask))).toEqual(["ours /x", "app /page"]);
    undo();
    expect(await ask("/eitherway/x")).toBe("app /eitherway/x");
  });

  test("without an application, other paths are 404, and say where the server answers; what stands in a query is not said again", async () => {
    const { port } = await start(answering((exchange) => exchange.respond({ status: 200, headers: {} })));
    const response = await fetch(`http://127.0.0.1:${port}/other?token=x`);
    expect(response.status).toBe(404);
    const message = 'There is nothing at "/other"; this server answers below "/eitherway".';
    expect(await response.json()).toMatchObject({ error: { code: "not-found", message } });
  });

  test("undo gives the server back", async () => {
    const server = createServer((request, response) => response.end(`app ${request.url}`));
    const undo = attach(server, ours, options);
    const port = await listen(server);
    undo();
    undo();
    expect(await text(port, "/eitherway")).toBe("200 app /eitherway");
    expect(server.listenerCount("upgrade")).toBe(0);
    expect(server.listenerCount("request")).toBe(1);
  });

  test("twenty attachments on one server are no leak that Node would warn of", async () => {
    const warnings: Error[] = [];
    const warned = (warning: Error) => void warnings.push(warning);
    process.on("warning", warned);
    onTestFinished(() => void process.off("warning", warned));
    const server = createServer();
    const undos = Array.from({ length: 20 }, (_, i) => attach(server, ours, { ...options, basePath: `/app-${i}` }));
    const port = await listen(server);
    expect(await text(port, "/app-19/x")).toBe("200 ours /x");
    for (const undo of [...undos, ...undos]) undo();
    expect(server.getMaxListeners()).toBe(createServer().getMaxListeners());
    expect(warnings).toEqual([]);
  });

  test("two attachments on one server each answer below their own path, and leave in any order", async () => {
    const server = createServer((request, response) => response.end(`app ${request.url}`));
    const undoFirst = attach(server, ours, { ...options, basePath: "/one" });
    const undoSecond = attach(server, ours, { ...options, basePath: "/two" });
    const undoThird = attach(server, ours, { ...options, basePath: "/three" });
    const port = await listen(server);
    const paths = ["/one/x", "/two/x", "/three/x", "/page"];
    const answers = () =>
      Promise.all(paths.map(async (path) => (await fetch(`http://127.0.0.1:${port}${path}`)).text()));
    expect(await answers()).toEqual(["ours /x", "ours /x", "ours /x", "app /page"]);
    undoSecond();
    expect(await answers()).toEqual(["ours /x", "app /two/x", "ours /x", "app /page"]);
    undoThird();
    expect(await answers()).toEqual(["ours /x", "app /two/x", "app /three/x", "app /page"]);
    undoFirst();
    expect(await answers()).toEqual(paths.map((path) => `app ${path}`));
  });

  test("the absolute form of a request line is understood", async () => {
    const { port } = await start(
      answering((exchange) => exchange.respond({ status: 200, headers: {}, body: exchange.path })),
    );
    const connection = await rawConnect(port, "GET http://some.host/eitherway/x?y HTTP/1.1\r\nhost: some.host\r\n\r\n");
    await connection.has("\r\n\r\n/x");
  });

  test("a base path that is none is refused (P12)", () => {
    const server = createServer();
    for (const basePath of ["eitherway", "/eitherway/", "/a b", "/a?b"]) {
      expect(() => attach(server, ours, { ...options, basePath })).toThrow(/base path/);
    }
    expect(() => attach(server, ours, { ...options, basePath: "" })).not.toThrow();
  });
});

describe("trustProxy", () => {
  const forwarded = { "x-forwarded-for": "6.6.6.6, 1.2.3.4, 10.0.0.1", "x-forwarded-proto": "https" };
  const cases = [
    { trustProxy: false, remote: "127.0.0.1", secure: false },
    { trustProxy: 1, remote: "10.0.0.1", secure: true },
    { trustProxy: 2, remote: "1.2.3.4", secure: true },
    { trustProxy: 9, remote: "6.6.6.6", secure: true },
  ] as const;
  for (const { trustProxy, remote, secure } of cases) {
    test(`${trustProxy}: the peer of a forwarded request is ${remote}, ${secure ? "" : "not "}secure`, async () => {
      const handler = answering((exchange) => exchange.respond({ status: 200, headers: {}, body: peerText(exchange) }));
      const { port } = await start(handler, { trustProxy });
      const response = await fetch(`http://127.0.0.1:${port}/eitherway`, { headers: forwarded });
      expect(await response.json()).toEqual({ remote, secure });
    });
  }

  test("without the headers the direct peer counts", async () => {
    const handler = answering((exchange) => exchange.respond({ status: 200, headers: {}, body: peerText(exchange) }));
    const { port } = await start(handler, { trustProxy: 1 });
    const response = await fetch(`http://127.0.0.1:${port}/eitherway`);
    expect(await response.json()).toEqual({ remote: "127.0.0.1", secure: false });
  });
});

function peerText({ remote, secure }: HttpExchange): string {
  return JSON.stringify({ remote, secure });
}

describe("upgrades", () => {
  const handshake = {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-version": "13",
    "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==",
  };

  async function closeOf(webSocket: WebSocket): Promise<string> {
    webSocket.on("error", () => {});
    const [code, reason] = await once(webSocket, "close");
    return `${code} ${String(reason)}`;
  }

  test("below the base path are ours; the application's WebSocket server keeps its own", async () => {
    const server = createServer();
    const applications = new WebSocketServer({ server, path: "/app" });
    applications.on("connection", (socket) => socket.close(4100, "app"));
    attach(server, ours, options);
    const port = await listen(server);
    const mine = new WebSocket(`ws://127.0.0.1:${port}/eitherway`, ["a", "b"]);
    mine.on("open", () => mine.send("hi"));
    expect(await closeOf(mine)).toBe("4000 got hi");
    expect(mine.protocol).toBe("a");
    expect(await closeOf(new WebSocket(`ws://127.0.0.1:${port}/app`))).toBe("4100 app");
  });

  test("that nobody wants are plain requests, as they would be without us", async () => {
    const server = createServer((request, response) => response.end(`app ${request.url}`));
    attach(server, ours, options);
    const port = await listen(server);
    const h2c = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "" };
    const toApp = await rawConnect(port, requestText("GET", "/page", h2c));
    expect(await toApp.ended()).toMatch(/^HTTP\/1.1 200 [\s\S]*app \/page/);
    const toUs = await rawConnect(port, requestText("GET", "/eitherway/x", h2c));
    expect(await toUs.ended()).toMatch(/^HTTP\/1.1 200 [\s\S]*ours \/x/);
    const webSocket = await rawConnect(port, requestText("GET", "/page", handshake));
    expect(await webSocket.ended()).toMatch(/^HTTP\/1.1 200 [\s\S]*app \/page/);
  });

  test("that nobody wants keep their body: clients offer h2c with a POST (P4)", async () => {
    const echo = async (body: AsyncIterable<unknown>) => {
      let text = "";
      for await (const chunk of body) text += String(chunk);
      return text;
    };
    const server = createServer(async (request, response) => response.end(`app ${await echo(request)}`));
    const handle = async (exchange: HttpExchange) =>
      exchange.respond({
        status: 200,
        headers: {},
        body: `ours ${new TextDecoder().decode(await exchange.body(100))}`,
      });
    attach(server, { ...ours, handle }, options);
    const port = await listen(server);
    const h2c = { connection: "Upgrade, HTTP2-Settings", upgrade: "h2c", "http2-settings": "" };
    for (const [path, who] of [
      ["/page", "app"],
      ["/eitherway/x", "ours"],
    ] as const) {
      const whole = await rawConnect(port, requestText("POST", path, { ...h2c, "content-length": "5" }, "hello"));
      expect(await whole.ended()).toMatch(new RegExp(`^HTTP/1.1 200 [\\s\\S]*${who} hello$`));
      const pieces = await rawConnect(port, requestText("POST", path, { ...h2c, "transfer-encoding": "chunked" }));
      pieces.socket.write("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n");
      expect(await pieces.ended()).toMatch(new RegExp(`${who} hello`));
    }
  });

  const broken: [string, string, Record<string, string>][] = [
    ["another method", "POST", handshake],
    ["another version", "GET", { ...handshake, "sec-websocket-version": "7" }],
    ["a key of another shape", "GET", { ...handshake, "sec-websocket-key": "short" }],
    ["a protocol list that is none", "GET", { ...handshake, "sec-websocket-protocol": "a, ,b" }],
    ["a protocol named twice", "GET", { ...handshake, "sec-websocket-protocol": "a, a" }],
  ];
  for (const [what, method, headers] of broken) {
    test(`a handshake with ${what} is bad-request (P12)`, async () => {
      const { port } = await start({ ...ours });
      const connection = await rawConnect(port, requestText(method, "/eitherway", headers));
      const answer = await connection.ended();
      expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
      expect(answer).toContain('"code":"bad-request"');
    });
  }

  test("a handler that fails costs its own connection only", async () => {
    const { port, errors } = await start(
      upgrading(() => {
        throw new Error("a defect");
      }),
    );
    const connection = await rawConnect(port, requestText("GET", "/eitherway", handshake));
    expect(await connection.ended()).toBe("");
    expect(errors).toEqual([expect.stringMatching(/^upgrade failed {"cause":"Error at .*attach\.test\.ts/)]);
  });
});
