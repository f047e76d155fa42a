import { describe, expect, test } from "vitest";
import { history, runToEnd, startCli, startServer } from "./support.ts";

describe("publish", () => {
  test.each<[string, string[], object]>([
    ["an object as JSON", ['{"text": "hi"}'], { data: { text: "hi" } }],
    ["an array as JSON", ["[1]"], { data: [1] }],
    ["a word as text", ["hello"], { text: "hello" }],
    ["a number as text", ["42"], { text: "42" }],
    ["what only looks like JSON as text", ["{oops"], { text: "{oops" }],
    ["a number as JSON where told", ["42", "--json"], { data: 42 }],
    ["an object as text where told", ['{"a":1}', "--text"], { text: '{"a":1}' }],
    ["an empty text", [""], { text: "" }],
    ["what looks like a flag", ["--", "--text"], { text: "--text" }],
    ["an event name", ["x", "--event", "note"], { event: "note", text: "x" }],
  ])("sends %s, and prints the id", async (_, payload, message) => {
    const { url } = await startServer();
    const { code, out, err } = await runToEnd(["publish", "--url", url, "room/42", ...payload]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(await history(url, "room/42")).toMatchObject([{ id: out.trim(), ...message }]);
  });

  test("reads its payload from standard input, without the line feed at the end", async () => {
    const { url } = await startServer();
    await runToEnd(["publish", "a", "--url", url], { stdin: "one\ntwo\n" });
    expect(await history(url, "a")).toMatchObject([{ text: "one\ntwo" }]);
  });

  test("with a key is applied once (P5)", async () => {
    const { url } = await startServer();
    const argv = ["publish", "a", "x", "--url", url, "--key", "order-1"];
    const [first, again] = [await runToEnd(argv), await runToEnd(argv)];
    expect(again.out).toBe(first.out);
    expect(await history(url, "a")).toHaveLength(1);
  });

  test.each<[string[], string, RegExp]>([
    [["x".repeat(70_000)], "", /70000 bytes.*limit/],
    [["{oops", "--json"], "", /not JSON/],
    [["x", "--event", "\n"], "", /Event name/],
  ])("fails with exit code 1 and the reason (P12)", async (argv, stdin, reason) => {
    const { url } = await startServer();
    const { code, out, err } = await runToEnd(["publish", "a", "--url", url, ...argv], { stdin });
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toMatch(reason);
    expect(err.trim().split("\n")).toHaveLength(1);
    expect(await history(url, "a")).toEqual([]);
  });

  test("waits for a server that is away, and publishes once it is back (P5)", async () => {
    const { ew, port, url } = await startServer();
    await ew.close();
    const publish = startCli(["publish", "a", "x", "--url", url]);
    await publish.says(/retrying in/);
    const again = await startServer(port);
    expect(await publish.exit).toBe(0);
    expect(await history(again.url, "a")).toMatchObject([{ text: "x" }]);
  });

  test("that is told to stop while the server is away fails and says so", async () => {
    const publish = startCli(["publish", "a", "x", "--url", "http://127.0.0.1:1/eitherway"]);
    await publish.says(/retrying in/);
    expect(await publish.stop()).toBe(1);
  });
});

describe("publish --lines", () => {
  const numbers = (from: number, to: number): string[] =>
    Array.from({ length: to - from + 1 }, (_, i) => String(from + i));
  const texts = async (url: string): Promise<unknown[]> => (await history(url, "a")).map(({ text }) => text);

  test.each(["websocket", "sse", "poll"])("sends every line over %s, in order, once (P1, P5)", async (transport) => {
    const { url } = await startServer();
    const lines = numbers(1, 1_000);
    const argv = ["publish", "a", "--lines", "--url", url, "--transport", transport];
    const { code, out, err } = await runToEnd(argv, { stdin: `${lines.join("\n")}\n` });
    expect({ code, out, err }).toEqual({ code: 0, out: "", err: "" });
    expect(await texts(url)).toEqual(lines);
  });

  test("takes lines as they are: empty, without an end, with other line separators inside", async () => {
    const { url } = await startServer();
    const stdin = "one\n\n  two  \r\nth\u2028r\ree\nüñí ☃ 🙂\n\ufeffbom\nlast";
    expect(await runToEnd(["publish", "a", "--lines", "--url", url], { stdin })).toMatchObject({ code: 0 });
    expect(await texts(url)).toEqual(["one", "", "  two  ", "th\u2028r\ree", "üñí ☃ 🙂", "\ufeffbom", "last"]);
  });

  test("goes on after lines that fail, tells which and why, and ends with exit code 1 (P12)", async () => {
    const { url } = await startServer();
    const stdin = Buffer.from(`1\n${"x".repeat(70_000)}\n3\n`);
    const bad = Buffer.concat([stdin, Buffer.from([0xff, 0x0a]), Buffer.from("5\n")]);
    const running = startCli(["publish", "a", "--lines", "--url", url]);
    running.stdin.end(bad);
    expect(await running.exit).toBe(1);
    expect(await texts(url)).toEqual(["1", "3", "5"]);
    await running.says(/Line 2: .*70000 bytes/);
    await running.says(/Line 4: .*UTF-8/);
    await running.says(/2 of 5 lines were not stored\.\n$/);
  });

  test("loses, doubles and reorders nothing when the server restarts under it (P1, P5)", async () => {
    const first = await startServer();
    const publish = startCli(["publish", "a", "--lines", "--url", first.url]);
    publish.stdin.write(`${numbers(1, 100).join("\n")}\n`);
    while ((await history(first.url, "a")).length < 100) await new Promise((resolve) => setImmediate(resolve));
    await first.ew.close();
    publish.stdin.write(`${numbers(101, 200).join("\n")}\n`);
    await publish.says(/retrying in/);
    const second = await startServer(first.port);
    publish.stdin.end(`${numbers(201, 300).join("\n")}\n`);
    expect(await publish.exit).toBe(0);
    expect(await texts(second.url)).toEqual(numbers(101, 300));
  });

  test("reads no further than what may be unanswered while the server is away (P6)", async () => {
    const publish = startCli(["publish", "a", "--lines", "--url", "http://127.0.0.1:1/eitherway"]);
    const line = `${"x".repeat(1_000)}\n`;
    let written = 0;
    while (written < 100_000 && publish.stdin.write(line)) {
      written++;
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(written).toBeLessThan(400); // 256 unanswered, and what the pipe holds
    expect(await publish.stop()).toBe(1);
    await publish.says(/lines were not stored\.\n$/);
  });
});
