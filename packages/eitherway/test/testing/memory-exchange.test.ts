import { describe, expect, test } from "vitest";
import { DEFAULT_LIMITS } from "../../src/core/index.ts";
import { createFakeClock, createMemoryExchange } from "../../src/testing/index.ts";

const HEAD = { status: 200, headers: { "content-type": "text/plain" } };

describe("a memory exchange's request", () => {
  test("shows what it was given, and nothing where nothing was", async () => {
    const clock = createFakeClock();
    const { exchange } = createMemoryExchange(
      { method: "POST", path: "/stream", query: "a=1", headers: { origin: "https://a.example" }, body: "héllo" },
      { clock },
    );
    expect([exchange.method, exchange.path, exchange.query]).toEqual(["POST", "/stream", "a=1"]);
    expect([exchange.header("origin"), exchange.header("host")]).toEqual(["https://a.example", undefined]);
    expect(new TextDecoder().decode(await exchange.body(100))).toBe("héllo");
    const plain = createMemoryExchange({}, { clock }).exchange;
    expect([plain.method, plain.path, plain.query, plain.httpVersion, plain.secure]).toEqual(["GET", "", "", 1, false]);
  });

  test("refuses a body over the limit, counted in bytes", async () => {
    const { exchange } = createMemoryExchange({ body: "éé" }, { clock: createFakeClock() });
    await expect(exchange.body(3)).rejects.toMatchObject({ code: "too-large" });
    await expect(exchange.body(4)).resolves.toHaveLength(4);
  });

  test("tells who asked when the client goes away before the answer, and only then", async () => {
    const clock = createFakeClock();
    const news: string[] = [];
    const cut = createMemoryExchange({}, { clock });
    cut.exchange.onAbandoned(() => news.push("abandoned"));
    cut.cut();
    expect(news).toEqual([]);
    await clock.settle();
    expect(news).toEqual(["abandoned"]);
    await expect(cut.exchange.body(1)).rejects.toMatchObject({ code: "closed" });

    const answered = createMemoryExchange({}, { clock });
    answered.exchange.onAbandoned(() => news.push("too late"));
    answered.exchange.respond({ ...HEAD, body: "x" });
    answered.cut();
    await clock.settle();
    expect(news).toEqual(["abandoned"]);
    expect(answered.state).toBe("ended");
  });
});

describe("a memory exchange's answer", () => {
  test("arrives whole, and a second one is a defect", () => {
    const client = createMemoryExchange({ path: "/poll" }, { clock: createFakeClock() });
    expect([client.answer, client.state]).toEqual([undefined, "waiting"]);
    client.exchange.respond({ status: 201, headers: { a: "b" }, body: "done" });
    expect(client.answer).toEqual({ status: 201, headers: { a: "b" } });
    expect([client.readText(), client.state]).toEqual(["done", "ended"]);
    expect(() => client.exchange.respond(HEAD)).toThrow("answered twice");
    expect(() => client.exchange.stream(HEAD, listener())).toThrow("answered twice");
  });

  test("streams at once; a split character comes with its last byte", () => {
    const client = createMemoryExchange({}, { clock: createFakeClock() });
    const stream = client.exchange.stream(HEAD, listener());
    expect([client.answer?.status, client.state]).toEqual([200, "open"]);
    const [first, ...others] = new TextEncoder().encode("é!");
    expect(stream.write(Uint8Array.of(first as number))).toBe(true);
    expect(client.readText()).toBe("");
    stream.write(Uint8Array.from(others));
    expect(client.readText()).toBe("é!");
    expect(client.read()).toHaveLength(0);
  });

  test("is full beyond the window, and drained once after all was taken", async () => {
    const clock = createFakeClock();
    const limits = { ...DEFAULT_LIMITS, linkBytes: 4 };
    const client = createMemoryExchange({}, { clock, limits, windowBytes: 3 });
    const events = listener();
    const stream = client.exchange.stream(HEAD, events);
    expect(stream.write(text("abcd"))).toBe(true);
    expect([client.readText(), stream.pendingBytes]).toEqual(["abc", 1]);
    expect(stream.write(text("efg"))).toBe(false);
    client.take(3);
    await clock.settle();
    expect([client.readText(), stream.pendingBytes, events.news]).toEqual(["def", 1, []]);
    client.take(1);
    expect(events.news).toEqual([]); // never inside the call that made room
    await clock.settle();
    expect([client.readText(), stream.pendingBytes, events.news]).toEqual(["g", 0, ["drained"]]);
  });

  test("gathers what is written between cork and uncork", () => {
    const client = createMemoryExchange({}, { clock: createFakeClock() });
    const stream = client.exchange.stream(HEAD, listener());
    stream.cork();
    stream.write(text("a"));
    stream.write(text("b"));
    expect([client.readText(), stream.pendingBytes]).toEqual(["", 2]);
    stream.uncork();
    expect(client.readText()).toBe("ab");
  });

  test("ends after what was written has been taken, and says closed once", async () => {
    const clock = createFakeClock();
    const client = createMemoryExchange({}, { clock, windowBytes: 1 });
    const events = listener();
    const stream = client.exchange.stream(HEAD, events);
    stream.write(text("ab"));
    stream.end();
    stream.write(text("ignored"));
    await clock.settle();
    expect([client.state, events.news]).toEqual(["open", []]);
    client.take(10);
    expect(client.state).toBe("ended");
    await clock.settle();
    client.cut();
    await clock.settle();
    expect([client.readText(), client.state, events.news]).toEqual(["ab", "ended", ["closed"]]);
  });

  test.each(["cut by the client", "destroyed by the server"])("that is %s drops what is pending", async (who) => {
    const clock = createFakeClock();
    const client = createMemoryExchange({}, { clock, windowBytes: 1 });
    const events = listener();
    const stream = client.exchange.stream(HEAD, events);
    stream.write(text("abc"));
    if (who === "cut by the client") client.cut();
    else stream.destroy();
    client.take(10);
    await clock.settle();
    expect([client.readText(), client.state, stream.pendingBytes, events.news]).toEqual(["a", "cut", 0, ["closed"]]);
  });

  test("to a client that has gone is cut at once", async () => {
    const clock = createFakeClock();
    const client = createMemoryExchange({}, { clock });
    client.cut();
    const events = listener();
    const stream = client.exchange.stream(HEAD, events);
    expect(stream.write(text("x"))).toBe(true);
    await clock.settle();
    expect([client.readText(), client.state, events.news]).toEqual(["", "cut", ["closed"]]);
  });
});

function text(characters: string): Uint8Array {
  return new TextEncoder().encode(characters);
}

function listener() {
  const news: string[] = [];
  return { news, drained: () => news.push("drained"), closed: () => news.push("closed") };
}
