import { describe, expect, test } from "vitest";
import { startCli, startServer } from "./support.ts";

/** What standard output may hold for its reader: a line more than its mark. */
const WAITING_BYTES = 32_768;
const TRANSPORTS = ["websocket", "sse", "poll"];

describe.each(TRANSPORTS)("tail over %s", (transport) => {
  test("prints what is kept, and then what comes, each payload on a line (P1)", async () => {
    const { ew, url } = await startServer();
    await ew.publish("room/42", { text: "hi" });
    await ew.publish("room/42", " plain\ttext ", { kind: "text" });
    const tail = startCli(["tail", "room/42", "--url", url, "--from", "start", "--transport", transport]);
    await tail.prints(/plain/);
    await ew.publish("room/42", new Uint8Array([1, 2, 3]));
    await ew.publish("room/42", "a string");
    await tail.prints(/a string/);
    expect(tail.out()).toBe('{"text":"hi"}\n plain\ttext \nAQID\n"a string"\n');
    expect(await tail.stop()).toBe(0);
    expect(tail.err()).toBe("");
  });

  test("goes on when the server was restarted, says so on standard error, and tells the gap (P2, P11)", async () => {
    const first = await startServer();
    await first.ew.publish("a", 1);
    const tail = startCli(["tail", "a", "--url", first.url, "--from", "start", "--transport", transport]);
    await tail.prints(/^1\n$/);
    await first.ew.close();
    await tail.says(/No connection to http.*; retrying in [0-9]+\.[0-9] s\.\n/);
    const second = await startServer(first.port);
    await tail.says(/Connected to http.*\n/);
    await tail.says(/^Gap in a \((?:epoch|unknown)\): messages were missed; .*\.$/m);
    await second.ew.publish("a", 2);
    await tail.prints(/^1\n2\n$/);
  });
});

describe("tail", () => {
  test("--json prints what history answers, one object a line", async () => {
    const { ew, url } = await startServer();
    await ew.publish("a", { n: 1 }, { event: "tick" });
    await ew.publish("a", "x\ny", { kind: "text" });
    await ew.publish("a", new Uint8Array([255]));
    const tail = startCli(["tail", "a", "--url", url, "--from", "start", "--json"]);
    await tail.prints(/bytes/);
    const lines = tail
      .out()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const { messages } = (await (await fetch(`${url}/channels/a`)).json()) as { messages: object[] };
    expect(lines).toEqual(messages.map((message) => ({ ...message, channel: "a" })));
  });

  test("--from an id prints what comes after it (P3)", async () => {
    const { ew, url } = await startServer();
    const { id } = await ew.publish("a", 1);
    await ew.publish("a", 2);
    const tail = startCli(["tail", "a", "--url", url, "--from", id]);
    await tail.prints(/^2\n$/);
  });

  test("says which messages of a gap are kept, and how to see them (P2, P11)", async () => {
    const { ew, url } = await startServer(0, { retention: { messages: 2 } });
    const ids: string[] = [];
    for (let n = 1; n <= 5; n++) ids.push((await ew.publish("a", n)).id);
    const [seen = "", , , oldest = "", head = ""] = ids;
    const tail = startCli(["tail", "a", "--url", url, "--from", seen]);
    const [told] = await tail.says(/^Gap .*$/m);
    expect(told).toBe(
      `Gap in a (trimmed): messages were missed; going on after ${head}. Kept are ${oldest} to ${head}: --from start prints them.`,
    );
    await startCli(["tail", "a", "--url", url, "--from", "start"]).prints(/^4\n5\n$/);
  });

  test("takes the address of the server from the environment", async () => {
    const { ew, url } = await startServer();
    await ew.publish("a", 1);
    await startCli(["tail", "a", "--from", "start"], { env: { EITHERWAY_URL: url } }).prints(/^1\n$/);
  });

  test("waits for a server that is not there yet, and can be told to stop", async () => {
    const { ew, port, url } = await startServer();
    await ew.close();
    const tail = startCli(["tail", "a", "--url", url, "--from", "start"]);
    await tail.says(/retrying in/);
    const again = await startServer(port);
    await again.ew.publish("a", 1);
    await tail.prints(/^1\n$/);
    const nobody = startCli(["tail", "a", "--url", "http://127.0.0.1:1/eitherway"]);
    await nobody.says(/retrying in/);
    expect(await nobody.stop()).toBe(0);
  });

  test("ends with the reason when the server refuses it for good (P11)", async () => {
    const { url } = await startServer();
    const tail = startCli(["tail", "a", "--url", `${url}/no-such-door`, "--transport", "sse"]);
    expect(await tail.exit).toBe(1);
    expect(tail.err()).toMatch(/^The server at http.* refuses: [^\n]+\n$/);
  });

  test("does not let a publisher steer the terminal of a reader", async () => {
    const { ew, url } = await startServer();
    await ew.publish("a", "red \u001b[31m bell \u0007", { kind: "text" });
    const argv = ["tail", "a", "--url", url, "--from", "start"];
    const onScreen = startCli(argv, { terminal: true });
    await onScreen.prints(/^red \\x1b\[31m bell \\x07\n$/);
    const inPipe = startCli(argv);
    await inPipe.prints(/bell .\n$/);
    expect(inPipe.out()).toBe("red \u001b[31m bell \u0007\n");
  });

  test("a reader that is slow holds nothing but its place: all comes, in order (P1, P2, P7)", async () => {
    const { ew, url } = await startServer(0, { retention: { messages: 20_000, bytes: "64mb" } });
    const pad = "x".repeat(1_000);
    const count = 5_000;
    for (let i = 1; i <= count; i++) await ew.publish("a", `${i} ${pad}`, { kind: "text" });
    const tail = startCli(["tail", "a", "--url", url, "--from", "start"], { unread: true });
    let next = 1;
    let rest = "";
    for await (const chunk of tail.stdout.setEncoding("utf8")) {
      await new Promise((resolve) => setImmediate(resolve)); // all the while more could be written
      expect(tail.stdout.writableLength).toBeLessThan(WAITING_BYTES);
      const lines = (rest + String(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) expect(line.slice(0, line.indexOf(" "))).toBe(String(next++));
      if (next > count) break;
    }
    expect(next).toBe(count + 1);
  });

  test("ends quietly when nobody reads it any more", async () => {
    const { ew, url } = await startServer();
    await ew.publish("a", 1);
    const tail = startCli(["tail", "a", "--url", url, "--from", "start"]);
    await tail.prints(/1/);
    tail.stdout.destroy(new Error("EPIPE"));
    expect(await tail.exit).toBe(0);
    expect(tail.err()).toBe("");
  });
});
