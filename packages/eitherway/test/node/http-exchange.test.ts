import { once } from "node:events";
import { createServer } from "node:http";
import { constants, type Http2SecureServer } from "node:http2";
import { describe, expect, test } from "vitest";
import { createCounters, DEFAULT_LIMITS, type HttpExchange, type Metrics } from "../../src/core/index.ts";
import { createHttpExchange } from "../../src/node/http-exchange.ts";
import { createNodeClock } from "../../src/node/index.ts";
import { type AnswerBudget, createAnswerBudget } from "../../src/node/untaken-answers.ts";
import { isEitherwayError } from "../../src/protocol/index.ts";
import type { Abandonable } from "../../src/transports/abilities.ts";
import { errorAnswer } from "../../src/transports/answers.ts";
import { createBodyBudget } from "../../src/transports/body-bounds.ts";
import { answering, eventually, listen, rawConnect, requestText, session, start } from "./support.ts";

const MIB = 1024 * 1024;

/** Answers with the body, or with the error that reading it gave. */
function echo(limit: number) {
  return answering(async (exchange) => {
    try {
      const body = await exchange.body(limit);
      exchange.respond({ status: 200, headers: { "content-type": "text/plain" }, body });
    } catch (error) {
      if (isEitherwayError(error)) exchange.respond(errorAnswer(error));
    }
  });
}

describe("request", () => {
  test("tells method, path below the base path, query and headers", async () => {
    let seen: HttpExchange | undefined;
    const { port } = await start(
      answering((exchange) => {
        seen = exchange;
        exchange.respond({ status: 204, headers: {} });
      }),
    );
    const response = await fetch(`http://127.0.0.1:${port}/eitherway/channels/a%2Fb?after=x%20y`, {
      headers: { "X-Two": "1" },
    });
    expect(response.status).toBe(204);
    expect(response.headers.has("content-length")).toBe(false);
    expect(seen).toMatchObject({ method: "GET", path: "/channels/a%2Fb", query: "after=x%20y", httpVersion: 1 });
    expect(seen).toMatchObject({ remote: "127.0.0.1", secure: false });
    expect(seen?.header("x-two")).toBe("1");
    expect(seen?.header("host")).toBe(`127.0.0.1:${port}`);
    expect(seen?.header("missing")).toBeUndefined();
  });

  test("takes a body up to the limit, and one byte more is too-large (P12)", async () => {
    const { port } = await start(echo(1000));
    const send = (length: number) =>
      fetch(`http://127.0.0.1:${port}/eitherway`, { method: "POST", body: "x".repeat(length) });
    const exact = await send(1000);
    expect([exact.status, (await exact.text()).length]).toEqual([200, 1000]);
    const over = await send(1001);
    expect(over.status).toBe(413);
    expect(await over.json()).toMatchObject({ error: { code: "too-large", retry: false } });
  });

  test("a body far over the limit is refused before it was read, and a chunked one while it is read (P6)", async () => {
    const { port } = await start(echo(1000));
    const declared = await rawConnect(port, requestText("POST", "/eitherway", { "content-length": String(100 * MIB) }));
    expect(await declared.ended()).toMatch(/^HTTP\/1.1 413 [\s\S]*connection: close[\s\S]*too-large/i);

    const endless = await rawConnect(port, requestText("POST", "/eitherway", { "transfer-encoding": "chunked" }));
    const piece = `10000\r\n${"x".repeat(0x10000)}\r\n`;
    let sent = 0;
    const pump = (): void => {
      while (!endless.socket.destroyed && sent < 20 * MIB) {
        sent += piece.length;
        if (!endless.socket.write(piece)) return;
      }
    };
    endless.socket.on("drain", pump);
    pump();
    await endless.ended();
    expect(endless.text()).toMatch(/^HTTP\/1.1 413 /);
    expect(sent).toBeLessThan(20 * MIB);
  });

  test("a body that never ends is body-timeout (P12)", async () => {
    const { port } = await start(echo(1000), { limits: { bodyMs: 50 } });
    const slow = await rawConnect(port, requestText("POST", "/eitherway", { "content-length": "10" }, "abc"));
    expect(await slow.has("body-timeout")).toMatch(/^HTTP\/1.1 408 [\s\S]*retry-after: 1[\s\S]*\(3 bytes came\)/);
  });

  test("bodies that together are over the server's share are unavailable, and the share is given back (P6)", async () => {
    const budget = createBodyBudget(1000);
    const server = createServer((request, response) => {
      const options = { trustProxy: false, clock: createNodeClock(), limits: DEFAULT_LIMITS } as const;
      const settings = { ...options, budget, answers: createAnswerBudget(), metrics: createCounters() };
      const exchange = createHttpExchange(request, response, { path: "", query: "" }, settings);
      exchange.body(900).then(
        () => exchange.respond({ status: 200, headers: {} }),
        (error) => exchange.respond(errorAnswer(error)),
      );
    });
    const port = await listen(server);
    const first = await rawConnect(port, requestText("POST", "/", { "content-length": "900" }, "x".repeat(800)));
    await eventually(() => budget.held === 800);
    const second = await rawConnect(port, requestText("POST", "/", { "content-length": "900" }, "x".repeat(300)));
    expect(await second.has("unavailable")).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 1/);
    expect(budget.held).toBe(800);
    first.socket.write("x".repeat(100));
    await first.has("200 OK");
    expect(budget.held).toBe(0);
    const third = await rawConnect(port, requestText("POST", "/", { "content-length": "2000" }, "x".repeat(900)));
    await eventually(() => budget.held === 900);
    third.socket.write("x".repeat(1100));
    await third.has("413");
    expect(budget.held).toBe(0);
  });

  test("a client that goes away while it sends is told as closed, and its bytes are given back", async () => {
    const codes: string[] = [];
    const { port } = await start(
      answering(async (exchange) => {
        await exchange.body(1000).catch((error) => codes.push(error.code));
      }),
    );
    const leaving = await rawConnect(port, requestText("POST", "/eitherway", { "content-length": "10" }, "abc"));
    await new Promise((resolve) => setImmediate(resolve));
    leaving.socket.destroy();
    await eventually(() => codes.length > 0);
    expect(codes).toEqual(["closed"]);
  });

  test("an answer before the body was read leaves the connection usable where the rest is short", async () => {
    const { port } = await start(answering((exchange) => exchange.respond({ status: 404, headers: {}, body: "no" })));
    const connection = await rawConnect(port);
    for (let i = 1; i <= 3; i++) {
      connection.socket.write(requestText("POST", "/eitherway", { "content-length": "5" }, "hello"));
      await connection.has(new RegExp(`(?:HTTP/1.1 404[\\s\\S]*){${i}}`));
    }
    connection.socket.write(requestText("POST", "/eitherway", { "content-length": String(100 * MIB) }, "hello"));
    expect(await connection.ended()).toMatch(/connection: close/i);
  });
});

describe("answering", () => {
  test("an exchange tells when its client goes away before the answer", async () => {
    let abandoned = 0;
    const { port } = await start(
      answering((exchange) => {
        (exchange as HttpExchange & Abandonable).onAbandoned(() => abandoned++);
      }),
    );
    const connection = await rawConnect(port, requestText("GET", "/eitherway"));
    await new Promise((resolve) => setTimeout(resolve, 10));
    connection.socket.destroy();
    await eventually(() => abandoned === 1);
  });

  test("also those that wait for their turn behind another, and one whose client is gone already, once each", async () => {
    let abandoned = 0;
    const exchanges: (HttpExchange & Abandonable)[] = [];
    const { port } = await start(
      answering((exchange) => {
        exchanges.push(exchange as HttpExchange & Abandonable);
      }),
    );
    const connection = await rawConnect(port, requestText("GET", "/eitherway").repeat(3));
    await eventually(() => exchanges.length === 3);
    for (const exchange of exchanges) exchange.onAbandoned(() => abandoned++);
    connection.socket.destroy();
    await eventually(() => abandoned === 3);
    for (const exchange of exchanges) exchange.onAbandoned(() => abandoned++);
    await eventually(() => abandoned === 6);
  });

  describe("answers that nobody takes", () => {
    const page = (bytes: number) => ({ status: 200, headers: {}, body: "x".repeat(bytes) });
    const hasty = { ...createNodeClock(), after: (_ms: number, run: () => void) => createNodeClock().after(50, run) };
    const pages = async (bytes: number, answers: AnswerBudget, metrics: Metrics, clock = createNodeClock()) => {
      const options = { trustProxy: false, clock, limits: DEFAULT_LIMITS, metrics } as const;
      const settings = { ...options, budget: createBodyBudget(), answers };
      const server = createServer((request, response) => {
        createHttpExchange(request, response, { path: "", query: "" }, settings).respond(page(bytes));
      });
      return listen(server);
    };

    test("are bounded: beyond that one more is unavailable, and the share is given back (P6)", async () => {
      let [held, peak] = [0, 0];
      const bytes = 64 * 1024;
      const answers: AnswerBudget = {
        most: 20 * bytes,
        get held() {
          return held;
        },
        set held(now) {
          held = now;
          peak = Math.max(peak, now);
        },
      };
      const counters = createCounters();
      const connection = await rawConnect(await pages(bytes, answers, counters), requestText("GET", "/").repeat(50));
      await connection.has("503 Service Unavailable");
      expect(counters.all["requests.refused.unavailable"]).toBeGreaterThan(0);
      expect(peak).toBeGreaterThan(19 * bytes);
      expect(peak).toBeLessThan(21 * bytes);
      await eventually(() => held === 0);
    });

    test("end the connection in time, over HTTP/2 the stream (P6)", async () => {
      const answers = createAnswerBudget();
      const counters = createCounters();
      const { socket } = await rawConnect(await pages(MIB, answers, counters, hasty));
      socket.pause();
      socket.write(requestText("GET", "/").repeat(30));
      await eventually(() => answers.held > 0);
      await eventually(() => answers.held === 0);
      expect(counters.all["answers.dropped"]).toBeGreaterThan(0);
      const http2 = await session(
        answering((exchange) => exchange.respond(page(MIB))),
        {},
        hasty,
      );
      const unread = http2.client.request({ ":path": "/eitherway" });
      unread.on("error", () => {});
      unread.pause();
      await once(unread, "response");
      await once(unread, "close");
      expect(unread.rstCode).toBe(constants.NGHTTP2_CANCEL);
    });
  });

  test("a handler that fails is answered with 500, logged, and hurts nobody", async () => {
    const { port, errors } = await start(answering(() => Promise.reject(new Error("a defect"))));
    const response = await fetch(`http://127.0.0.1:${port}/eitherway/a`);
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({ error: { code: "internal", retry: true } });
    // Where, and not what it says: that may be of a payload.
    const line = /^request failed {"method":"GET","path":"\/a","cause":"Error at .*http-exchange\.test\.ts/;
    expect(errors).toEqual([expect.stringMatching(line)]);
    expect(errors.join()).not.toContain("a defect");
  });
});

describe("over HTTP/2", () => {
  test("reads the body, takes host from :authority and answers without connection headers (S3)", async () => {
    let host: string | undefined;
    let exchange: HttpExchange | undefined;
    const { client, port } = await session(
      answering(async (request) => {
        exchange = request;
        host = request.header("host");
        const body = await request.body(100);
        request.respond({ status: 201, headers: { "content-type": "text/plain" }, body });
      }),
    );
    const request = client.request({ ":method": "POST", ":path": "/eitherway/x" });
    request.end("hello");
    const [headers] = await once(request, "response");
    const chunks = await request.toArray();
    expect(Buffer.concat(chunks).toString()).toBe("hello");
    expect(headers[":status"]).toBe(201);
    for (const name of ["connection", "keep-alive", "transfer-encoding"]) expect(headers).not.toHaveProperty(name);
    expect(host).toBe(`127.0.0.1:${port}`);
    expect(exchange).toMatchObject({ httpVersion: 2, secure: true, path: "/x" });
  });

  test("a client that takes back its stream while it sends is told as closed: half a body is none (P12)", async () => {
    const outcomes: string[] = [];
    const { client } = await session(
      answering(async (exchange) => {
        const outcome = await exchange.body(1000).then(String, (error) => error.code);
        outcomes.push(outcome);
      }),
    );
    const leaving = client.request({ ":method": "POST", ":path": "/eitherway" });
    leaving.on("error", () => {});
    leaving.write("abc");
    await new Promise<void>((resolve) => client.ping(() => resolve())); // the first bytes are there
    leaving.close(constants.NGHTTP2_CANCEL);
    await eventually(() => outcomes.length > 0);
    expect(outcomes).toEqual(["closed"]);
  });

  test("an early answer ends the sending of a long body, and other streams go on (P7)", async () => {
    const { client, server } = await session(echo(1000));
    const ends: (number | undefined)[] = [];
    (server as Http2SecureServer).on("stream", (stream) => stream.on("close", () => ends.push(stream.rstCode)));
    const large = client.request({ ":method": "POST", ":path": "/eitherway" });
    large.on("error", () => {});
    large.write(Buffer.alloc(2 * MIB));
    const [headers] = await once(large, "response");
    expect(headers[":status"]).toBe(413);
    await eventually(() => ends.length === 1);
    expect(ends).toEqual([constants.NGHTTP2_NO_ERROR]);
    const small = client.request({ ":method": "POST", ":path": "/eitherway" });
    small.end("still here");
    expect(Buffer.concat(await small.toArray()).toString()).toBe("still here");
  });

  test("a body that never ends is body-timeout", async () => {
    const { client } = await session(echo(1000), { bodyMs: 50 });
    const slow = client.request({ ":method": "POST", ":path": "/eitherway" });
    slow.write("abc");
    const [headers] = await once(slow, "response");
    expect(headers[":status"]).toBe(408);
    slow.on("error", () => {});
    slow.resume();
    await once(slow, "close");
  });
});
