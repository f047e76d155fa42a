import { channel } from "node:diagnostics_channel";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTls } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { eitherway, type ListenOptions, type NodeEitherway, type NodeEitherwayOptions } from "../../src/node/index.ts";
import { SUBPROTOCOLS } from "../../src/protocol/index.ts";
import { witnessed, witnessMetrics } from "../support/witness.ts";
import { listen, rawConnect, requestText, testCertificate } from "./support.ts";

const quiet = witnessed();

function create(options: NodeEitherwayOptions = {}): NodeEitherway {
  const ew = eitherway({ logger: quiet, ...options });
  onTestFinished(() => ew.close());
  witnessMetrics(ew);
  return ew;
}

async function open(options: NodeEitherwayOptions = {}, where: ListenOptions = {}) {
  const ew = create(options);
  return { ew, ...(await ew.listen({ port: 0, ...where })) };
}

/** Resolves once the socket has its welcome. */
async function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace("http", "ws"), SUBPROTOCOLS.json);
  onTestFinished(() => socket.terminate());
  await once(socket, "open");
  socket.send('{"t":"hello","v":1,"client":"c1","channels":{}}');
  await once(socket, "message");
  return socket;
}

/** How long Node waits for the whole of a request at a port of this process. */
async function requestTimeoutOf(port: number, secure: boolean): Promise<number> {
  const started = channel("http.server.request.start");
  const server = new Promise<Server>((resolve) => {
    const listener = (message: unknown): void => resolve((message as { readonly server: Server }).server);
    started.subscribe(listener);
    onTestFinished(() => void started.unsubscribe(listener));
  });
  const text = requestText("GET", "/eitherway/healthz");
  if (secure) {
    const socket = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false, ALPNProtocols: ["http/1.1"] });
    onTestFinished(() => void socket.destroy());
    socket.write(text);
  } else await rawConnect(port, text);
  return (await server).requestTimeout;
}

describe("eitherway() inside an application", () => {
  test("answers below its base path and leaves every other path to the application", async () => {
    const server = createServer((request, response) => response.end(`application: ${request.url}`));
    const ew = create();
    ew.attach(server);
    const origin = `http://127.0.0.1:${await listen(server)}`;
    const { id } = await ew.publish("room/42", { text: "hi" });
    const history = await (await fetch(`${origin}/eitherway/channels/room/42`)).json();
    expect(history).toMatchObject({ messages: [{ id, data: { text: "hi" } }] });
    for (const path of ["/", "/healthz", "/eitherwayside"]) {
      expect(await (await fetch(origin + path)).text()).toBe(`application: ${path}`);
    }
    await openSocket(`${origin}/eitherway`);
    expect(ew.stats().links).toBe(1);
  });

  test("takes another base path, from its options or where it is attached", async () => {
    const server = createServer();
    const ew = create({ basePath: "/one" });
    ew.attach(server);
    const other = createServer();
    expect(() => ew.attach(other, { path: "/two" } as object)).toThrow('no option of attach() "path"; known: basePath');
    ew.attach(other, { basePath: "/two" });
    expect((await fetch(`http://127.0.0.1:${await listen(server)}/one/healthz`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${await listen(other)}/two/healthz`)).status).toBe(200);
  });

  test("leaves the server open when it is closed, and gives it back when it is detached", async () => {
    const server = createServer((_, response) => response.end("application"));
    const ew = create();
    const detach = ew.attach(server);
    const url = `http://127.0.0.1:${await listen(server)}/eitherway/channels/a`;
    await ew.close();
    expect((await fetch(url)).status).toBe(503);
    detach();
    expect(await (await fetch(url)).text()).toBe("application");
  });

  test.each([
    [{ trustProxy: true }, /trustProxy is true; give the number/],
    [{ trustProxy: -1 }, /trustProxy is -1/],
    [{ port: 1 }, /no option "port"; known: limits, .*basePath, trustProxy, logger\.$/],
  ])("refuses %j (P12)", (options, sentence) => {
    expect(() => eitherway(options as NodeEitherwayOptions)).toThrow(sentence);
  });
});

describe("listen()", () => {
  test("opens a port of its own, with health outside the base path and nothing else there", async () => {
    const { port, url } = await open();
    expect(url).toBe(`http://127.0.0.1:${port}/eitherway`);
    expect(await (await fetch(`http://127.0.0.1:${port}/healthz`)).json()).toEqual({ status: "ok" });
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(404);
  });

  test("says in one sentence that a port is taken (P12)", async () => {
    const { port } = await open();
    await expect(create().listen({ port })).rejects.toMatchObject({
      code: "unavailable",
      message: expect.stringMatching(new RegExp(`^Port ${port} on 127\\.0\\.0\\.1 is taken; .*\\.$`)),
    });
  });

  test.each([
    [{ port: 70_000 }, /The port is "70000"/],
    [{ hostname: "::1" }, /no option of listen\(\) "hostname"; known: port, host, tls/],
    [{ port: 1.5 }, /The port is "1\.5"/],
    [{ host: "0.0.0.0" }, /"0\.0\.0\.0" can be reached from other machines.*insecure/],
    [{ host: "::" }, /can be reached/],
    [{ host: "192.168.0.1" }, /can be reached/],
    [{ tls: { cert: "x", key: "y" } }, /certificate or key cannot be used/],
  ])("refuses %j (P12)", async (options, sentence) => {
    await expect(create().listen({ port: 0, ...options })).rejects.toMatchObject({
      code: "bad-request",
      message: expect.stringMatching(sentence),
    });
  });

  test("listens everywhere where that is said to be insecure, and names an address that can be asked", async () => {
    const { port, url } = await open({ insecure: true }, { host: "0.0.0.0" });
    expect(url).toBe(`http://127.0.0.1:${port}/eitherway`);
    const raw = await rawConnect(port, requestText("GET", "/eitherway/channels/a", { host: "any.example" }));
    await raw.has("HTTP/1.1 200");
  });

  test.each([
    ["plain", false],
    ["TLS", true],
  ])("gives a body as long as bodyMs says, %s, which Node would cut after a minute (P12)", async (_how, secure) => {
    const tls = secure ? await testCertificate() : undefined;
    const { port } = await open({ limits: { bodyMs: "10m" } }, { tls });
    expect(await requestTimeoutOf(port, secure)).toBeGreaterThan(10 * 60_000);
  });

  test("speaks HTTP/2 with TLS: GET, HEAD and the server's own origin", async () => {
    const { port } = await open({}, { tls: await testCertificate(), host: "localhost" });
    const client = connectHttp2(`https://localhost:${port}`, { rejectUnauthorized: false });
    onTestFinished(() => client.destroy());
    const ask = async (headers: Record<string, string>, body = ""): Promise<{ status: unknown; text: string }> => {
      const stream = client.request(headers);
      if (body !== "") stream.end(body);
      const [answer] = await once(stream, "response");
      let text = "";
      for await (const chunk of stream) text += String(chunk);
      return { status: answer[":status"], text };
    };
    const path = "/eitherway/channels/a";
    expect(await ask({ ":path": path, ":method": "HEAD" })).toEqual({ status: 200, text: "" });
    expect(await ask({ ":path": path })).toMatchObject({ status: 200, text: expect.stringContaining("messages") });
    const post = (origin: string) => ({ ":path": path, ":method": "POST", "content-type": "text/plain", origin });
    expect(await ask(post(`https://localhost:${port}`), "x")).toMatchObject({ status: 201 });
    expect(await ask(post(`http://localhost:${port}`), "x")).toMatchObject({ status: 403 });
  });
});

describe("close()", () => {
  test("says bye on every transport, ends idle connections, and frees the port (P10)", async () => {
    const { ew, port, url } = await open();
    const socket = await openSocket(url);
    const socketClosed = once(socket, "close");
    const hello = (channels: object): string => JSON.stringify({ t: "hello", v: 1, client: "c2", channels });
    const post = (path: string): string =>
      requestText(
        "POST",
        `/eitherway${path}`,
        { "content-length": String(hello({ a: "now" }).length) },
        hello({ a: "now" }),
      );
    const stream = await rawConnect(port, post("/stream"));
    await stream.has('"t":"live"');
    const poll = await rawConnect(port, post("/poll"));
    const idle = await rawConnect(port, requestText("GET", "/healthz"));
    await idle.has('"ok"');
    const silent = await rawConnect(port);
    while (ew.stats().links < 3) await new Promise((resolve) => setImmediate(resolve));

    await ew.close();
    expect(await socketClosed).toEqual([4000, Buffer.from("drain")]);
    expect(await stream.ended()).toMatch(/"t":"bye".*"code":"drain"/);
    expect(await poll.ended()).toMatch(/"t":"bye".*"code":"drain"/);
    await idle.ended();
    await silent.ended();
    const again = createServer();
    again.listen(port, "127.0.0.1");
    await once(again, "listening");
    again.close();
  });

  test("cuts connections that have said nothing at once, and those in the middle of a request after a while (P7, P10)", async () => {
    const { ew, port } = await open();
    const halfway = await rawConnect(port, "GET /healthz HTTP/1.1\r\n");
    const silent = await rawConnect(port);
    const ended: string[] = [];
    const closed = ew.close();
    await Promise.all([
      silent.ended().then((text) => ended.push(`silent: ${text}`)),
      halfway.ended().then(() => ended.push("halfway")),
      closed,
    ]);
    expect(ended).toEqual(["silent: ", "halfway"]);
  });

  test("does not wait for peers that never read (P7, P10)", async () => {
    const { ew, port } = await open();
    const body = '{"t":"hello","v":1,"client":"c3","channels":{"a":"now"}}';
    const raw = await rawConnect(
      port,
      requestText("POST", "/eitherway/stream", { "content-length": String(body.length) }, body),
    );
    await raw.has('"t":"live"');
    raw.socket.pause();
    await ew.close();
    expect(ew.stats().links).toBe(0);
  });

  test("ends connections with TLS, HTTP/1.1 and HTTP/2, idle or streaming (P10)", async () => {
    const { ew, port } = await open({}, { tls: await testCertificate() });
    const idle = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const streaming = connectHttp2(`https://127.0.0.1:${port}`, { rejectUnauthorized: false });
    const stream = streaming.request({ ":path": "/eitherway/events?channel=a" });
    const old = connectTls({ port, host: "127.0.0.1", rejectUnauthorized: false });
    onTestFinished(() => {
      for (const client of [idle, streaming, old]) client.destroy();
    });
    stream.resume();
    await Promise.all([once(idle, "connect"), once(stream, "response"), once(old, "secureConnect")]);
    const ended = [
      once(idle, "goaway"),
      once(idle, "close"),
      once(streaming, "close"),
      once(stream, "end"),
      once(old.resume(), "close"),
    ];
    await ew.close();
    await Promise.all(ended);
  });

  test("is the end: listen() is refused afterwards", async () => {
    const ew = create();
    await ew.close();
    await expect(ew.listen({ port: 0 })).rejects.toMatchObject({ code: "closed" });
  });
});
