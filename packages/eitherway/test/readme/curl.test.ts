import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, expect, onTestFinished, test } from "vitest";
import { eitherway } from "../../src/node/index.ts";
import { commandsOf, printed, readText } from "./support.ts";

const commands = commandsOf(await readText("README.md"));

/** Where the README has its server. */
const URL_IN_TEXT = "http://127.0.0.1:8000/eitherway";

interface Running {
  /** What it has printed so far. */
  readonly output: () => string;
  /** Resolves once the output matches; rejects when the command ends before. */
  matches(pattern: RegExp): Promise<string>;
  readonly ended: Promise<number>;
}

/** Starts a line as a shell would. It ends with the test. */
function run(line: string): Running {
  const child = spawn("sh", ["-c", `exec ${line}`], { stdio: ["ignore", "pipe", "ignore"] });
  onTestFinished(() => void child.kill());
  let output = "";
  let over = false;
  let look = (): void => {};
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
    look();
  });
  const ended = once(child, "close").then(([code]) => {
    over = true;
    look();
    return code as number;
  });
  return {
    output: () => output,
    ended,
    matches: (pattern) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (pattern.test(output)) resolve(output);
          else if (over) reject(new Error(`${line} printed ${JSON.stringify(output)}, not ${pattern}`));
        };
        look();
      }),
  };
}

describe("the curl lines of the README", () => {
  test("print what the README says, in its order, over the http door (P1, P4, P5)", async () => {
    const ew = eitherway();
    onTestFinished(() => ew.close());
    const { url } = await ew.listen({ port: 0 });
    expect(commands.length).toBeGreaterThanOrEqual(8);
    const streams: { running: Running; pattern: RegExp }[] = [];
    const keyed: string[] = [];
    for (const { line, prints } of commands) {
      expect(line).toContain(URL_IN_TEXT);
      expect(prints, line).not.toEqual([]);
      const running = run(line.replace("curl ", "curl -sS ").replaceAll(URL_IN_TEXT, url));
      const pattern = printed(prints);
      if (line.includes("curl -N")) {
        streams.push({ running, pattern });
        await running.matches(/retry: [0-9]+\n/); // it is open: what is published from here on must show up
        continue;
      }
      const answer = await running.matches(pattern);
      expect(await running.ended).toBe(0);
      if (line.includes("idempotency-key")) keyed.push(answer);
    }
    for (const { running, pattern } of streams) await running.matches(pattern);
    expect(keyed).toHaveLength(2);
    expect(keyed[0]).toBe(keyed[1]);
  });

  test("include every door that curl can use", () => {
    const text = commands.map(({ line }) => line).join("\n");
    for (const part of ["-N", "/events?channel=", "&channel=", "last-event-id", "wait=", "idempotency-key", "limit="]) {
      expect(text).toContain(part);
    }
  });
});
