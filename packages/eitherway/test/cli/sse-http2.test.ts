/** What the client's own suite does not ask of SSE over HTTP/2 (matrix/client-transports.test.ts). */
import { once } from "node:events";
import { createServer, type Http2Server, type ServerHttp2Session } from "node:http2";
import { connect, createServer as createTcpServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { sseHttp2Transport } from "../../src/cli/compare/sse-http2.ts";
import { type Client, createClient } from "../../src/client/index.node.ts";
import { collect } from "../../src/testing/collected.ts";
import { freePort, listen, start, testCertificate } from "../node/support.ts";
import { startDoors } from "../transports/support.ts";

function open(url: string): Client {
  const client = createClient({ url, transports: [sseHttp2Transport] });
  onTestFinished(() => client.close());
  return client;
}

/** Why the first link of a client failed. */
function failureAt(url: string): Promise<string> {
  const client = open(url);
  return new Promise((resolve) => {
    client.on("status", ({ lastError }) => {
      if (lastError) resolve(lastError.message);
    });
    client.channel("room").on("message", () => {});
  });
}

async function answering(status: number): Promise<string> {
  const server = createServer();
  server.on("stream", (stream) => {
    stream.respond({ ":status": status });
    stream.end();
  });
  return urlOf(await listen(server));
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}/eitherway`;
}

/** A way to a port on which no byte goes up any more once it is held. */
async function holdableWay(target: number) {
  const clients: Socket[] = [];
  const server = createTcpServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const socket of [client, upstream]) socket.on("error", () => {});
    client.pipe(upstream).pipe(client);
    clients.push(client);
    onTestFinished(() => {
      client.destroy();
      upstream.destroy();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
  });
  return {
    port: (server.address() as { port: number }).port,
    hold() {
      for (const client of clients) client.unpipe();
    },
  };
}

describe("a connection", () => {
  test("is one for the stream and for commands, and the next link makes its own", async () => {
    const doors = await startDoors({ h2c: true });
    const sessions = sessionsOf(doors.server as Http2Server);
    const client = open(doors.url);
    const channel = client.channel("room");
    const heard = collect(channel);
    await heard.live();
    await Promise.all(["a", "b", "c"].map((text) => channel.publish(text)));
    await heard.messages(3);
    expect(sessions).toHaveLength(1);
    client.reconnect();
    await channel.publish("d");
    await heard.messages(4);
    expect(sessions).toHaveLength(2);
    await client.close();
    await Promise.all(sessions.map((session) => session.closed || once(session, "close")));
  });

  test("lets as much be on its way as browsers do: a long way does not slow a burst down", async () => {
    const doors = await startDoors({ h2c: true });
    const way = await holdableWay(doors.port);
    const heard = collect(open(urlOf(way.port)).channel("room"));
    await heard.live();
    way.hold(); // as if whatever acknowledges the bytes were still on its way
    const texts = Array.from({ length: 30 }, (_, number) => String(number).padEnd(20_000, "."));
    await doors.publish("room", ...texts);
    expect(await heard.messages(texts.length)).toEqual(texts);
  });
});

describe("a failure", () => {
  test("names the address that answered and its status (P12)", async () => {
    const url = await answering(502);
    expect(await failureAt(url)).toBe(`${url}/stream answered 502`);
  });

  test.each([204, 205, 304])("is what an answer %i is, not the end of the process (P12)", async (status) => {
    expect(await failureAt(await answering(status))).toMatch(String(status));
  });

  test("is a port on which nobody listens, or where HTTP/2 is not spoken (P12)", async () => {
    expect(await failureAt(urlOf(await freePort()))).toContain("ECONNREFUSED");
    const http1 = await start({});
    expect(await failureAt(urlOf(http1.port))).toBe("Protocol error");
  });

  test("is a certificate that nobody has signed (P12)", async () => {
    const { url } = await startDoors({ tls: await testCertificate() });
    expect(await failureAt(url)).toContain("self-signed certificate");
  });
});

function sessionsOf(server: Http2Server): ServerHttp2Session[] {
  const sessions: ServerHttp2Session[] = [];
  server.on("session", (session) => sessions.push(session));
  return sessions;
}
