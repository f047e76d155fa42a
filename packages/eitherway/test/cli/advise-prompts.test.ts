import { describe, expect, test } from "vitest";
import { startCli } from "./support.ts";

const ENTER = "\r";
const DOWN = "\x1b[B";
const CTRL_C = "\x03";

describe("in a terminal", () => {
  test("what is open is asked: a use case, then what it cannot know; Enter takes what is usual", async () => {
    const running = startCli(["advise", "--http2", "yes"], { terminal: true });
    await running.prints(/What is it\?/);
    running.stdin.write(`${DOWN}${ENTER}`); // the second one: collaborative editing
    await running.prints(/How many messages does one client send\? \(each costs a/);
    running.stdin.write(`2/min${ENTER}`);
    await running.prints(/How many messages does one client get\?/);
    running.stdin.write(ENTER);
    await running.prints(/What stands in front of the server\?/);
    running.stdin.write(`${DOWN}${ENTER}`); // nginx
    expect(await running.exit).toBe(0);
    const text = running.out().slice(running.out().indexOf("Advice:"));
    expect(text).toMatch(/^Advice: WebSocket/);
    expect(text).toMatch(/80 % of the bytes are binary/);
    expect(text).toMatch(/nginx \(tested\)/);
    expect(text).toMatch(/Assumed:\n {2}- direction both, carries messages, payload/);
    expect(running.out()).not.toMatch(/over HTTP\/2 or 3\?/);
  });

  test("a wrong number is told at once, and can be mended", async () => {
    const running = startCli(
      ["advise", "--use-case", "chat", "--downstream", "1", "--hosting", "self", "--http2", "no"],
      {
        terminal: true,
      },
    );
    await running.prints(/How many messages does one client send\?/);
    running.stdin.write(`x${ENTER}`);
    await running.prints(/--upstream is "x"/);
    running.stdin.write(`\b5${ENTER}`);
    expect(await running.exit).toBe(0);
    expect(running.out()).toMatch(/A client sends 5\/s/);
  });

  test("something else is asked everything, but not what the answers rule out", async () => {
    const running = startCli(["advise", "--direction", "down", "--carries", "messages"], { terminal: true });
    await running.prints(/What is it\?/);
    running.stdin.write(`\x1b[A${ENTER}`); // up from the first is the last
    await running.prints(/How many messages does one client get\?/);
    expect(running.out()).not.toMatch(/How many messages does one client send\?/);
    running.stdin.write(CTRL_C);
    expect(await running.exit).toBe(1);
    expect(running.err()).toBe("Nothing was advised.\n");
  });

  test("Ctrl-C ends it politely, and so does a signal", async () => {
    const typed = startCli(["advise"], { terminal: true });
    await typed.prints(/What is it\?/);
    typed.stdin.write(CTRL_C);
    expect(await typed.exit).toBe(1);
    expect(typed.err()).toBe("Nothing was advised.\n");
    expect(typed.isRaw()).toBe(false);
    const told = startCli(["advise"], { terminal: true });
    await told.prints(/What is it\?/);
    expect(told.isRaw()).toBe(true);
    expect(await told.stop()).toBe(1);
    expect(told.isRaw()).toBe(false);
  });

  test("--usual asks nothing", async () => {
    const running = startCli(["advise", "--usual"], { terminal: true });
    expect(await running.exit).toBe(0);
    expect(running.out()).toMatch(/^Advice: SSE/);
  });
});
