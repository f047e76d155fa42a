import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { rawConnect, requestText } from "../node/support.ts";
import { startServer } from "./support.ts";

const BIN = fileURLToPath(new URL("../../bin/eitherway.js", import.meta.url));
const BUILT = fileURLToPath(new URL("../../dist/cli/index.js", import.meta.url));

beforeAll(() => expect(existsSync(BUILT), "npm run build comes before this test").toBe(true));

interface Running {
  readonly child: ChildProcess;
  readonly exit: Promise<unknown[]>;
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  says(pattern: RegExp): Promise<RegExpExecArray>;
}

function start(...argv: string[]): Running {
  return startAs({}, ...argv);
}

function startAs(options: { readonly detached?: boolean }, ...argv: string[]): Running {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/PORT|^(?:NODE_|VITEST)/.test(name)));
  const child = spawn(process.execPath, [BIN, ...argv], { stdio: "pipe", env, ...options });
  onTestFinished(() => void child.kill("SIGKILL"));
  const reader = (stream: NodeJS.ReadableStream | null) => {
    let text = "";
    let look = (): void => {};
    stream?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      look();
    });
    return (pattern: RegExp): Promise<RegExpExecArray> =>
      new Promise((resolve) => {
        look = () => {
          const match = pattern.exec(text);
          if (match) resolve(match);
        };
        look();
      });
  };
  return { child, exit: once(child, "exit"), prints: reader(child.stdout), says: reader(child.stderr) };
}

describe("the command, as a process of its own", () => {
  test.each(["SIGINT", "SIGTERM"] as const)("serve ends on %s with exit code 0 (P10)", async (signal) => {
    const serve = start("--port", "0");
    await serve.prints(/Ctrl-C ends it/);
    serve.child.kill(signal);
    expect(await serve.exit).toEqual([0, null]);
  });

  test("serve ends at once on a second signal, even while a client takes nothing", async () => {
    const serve = start("--port", "0");
    const [, port = ""] = await serve.prints(/127\.0\.0\.1:([0-9]+).*Ctrl-C/s);
    const poll = '{"t":"hello","v":1,"client":"c1","channels":{"a":"now"},"wait":55}';
    const head = requestText("POST", "/eitherway/poll", { "content-length": String(poll.length) });
    const raw = await rawConnect(Number(port), head + poll.slice(1)); // a body that never ends
    raw.socket.pause();
    serve.child.kill("SIGINT");
    await serve.says(/Ending/);
    serve.child.kill("SIGINT");
    const [code] = await serve.exit;
    expect([0, 130]).toContain(code); // 0 where the first signal was quick enough
  });

  test("tail and publish end by themselves and leave nothing behind", async () => {
    const { url } = await startServer();
    const tail = start("tail", "a", "--url", url, "--from", "start");
    const publish = start("publish", "a", "hi", "--url", url);
    expect(await publish.exit).toEqual([0, null]);
    await tail.prints(/^hi\n$/);
    tail.child.kill("SIGINT");
    expect(await tail.exit).toEqual([0, null]);
  });

  test("tail ends quietly when its reader has seen enough: tail | head -1", async () => {
    const { ew, url } = await startServer();
    await ew.publish("a", 1);
    const tail = start("tail", "a", "--url", url, "--from", "start");
    await tail.prints(/1\n/);
    tail.child.stdout?.destroy();
    let errors = "";
    tail.child.stderr?.on("data", (text: string) => {
      errors += text;
    });
    let over = false;
    void tail.exit.then(() => {
      over = true;
    });
    // The first write after the reader has gone may still fit into the pipe.
    while (!over) {
      await ew.publish("a", 2);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await tail.exit).toEqual([0, null]);
    expect(errors).toBe("");
  });

  test("compare keeps what it has when Ctrl-C reaches it and the server that it measures", async () => {
    const compare = startAs({ detached: true }, "compare"); // in a group of its own, as a terminal has it
    await compare.says(/round 1,/);
    process.kill(-(compare.child.pid as number), "SIGINT");
    const [text] = await compare.prints(/PARTIAL.*server to client/s);
    expect(await compare.exit).toEqual([0, null]);
    expect(text).not.toContain("came to nothing");
  });

  test.runIf(process.platform === "linux")(
    "the server that compare measures ends with it, whatever ends it",
    async () => {
      const compare = start("compare");
      await compare.says(/round 1,/);
      const { pid } = compare.child;
      const [server] = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
      compare.child.kill("SIGKILL");
      await compare.exit;
      await vi.waitFor(() => expect(existsSync(`/proc/${server}/cwd`)).toBe(false), { timeout: 10_000 });
    },
  );

  test("serve by workers says one address, and ends with them on SIGTERM (P10)", async () => {
    const serve = start("--port", "0", "--workers", "2");
    const [, port = ""] = await serve.prints(/127\.0\.0\.1:([0-9]+).*Ctrl-C ends it/s);
    const { status } = await fetch(`http://127.0.0.1:${port}/eitherway/channels/a`, { method: "POST", body: "1" });
    expect(status).toBe(201);
    serve.child.kill("SIGTERM");
    await serve.says(/^Ending\.$/m);
    expect(await serve.exit).toEqual([0, null]);
  });

  test("serve by workers on a port that is taken says so, and ends", async () => {
    const { port } = await startServer();
    const serve = start("--port", `${port}`, "--workers", "2");
    await serve.says(/Port [0-9]+ on 127\.0\.0\.1 is taken/);
    expect(await serve.exit).toEqual([1, null]);
  });

  test.runIf(process.platform === "linux")("workers end with their primary, whatever ends it", async () => {
    const serve = start("--port", "0", "--workers", "2");
    await serve.prints(/Ctrl-C ends it/);
    const { pid } = serve.child;
    const workers = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ");
    expect(workers).toHaveLength(2);
    serve.child.kill("SIGKILL");
    await serve.exit;
    for (const worker of workers) {
      await vi.waitFor(() => expect(existsSync(`/proc/${worker}/cwd`)).toBe(false), { timeout: 10_000 });
    }
  });

  test("a wrong command line is exit code 2", async () => {
    const wrong = start("--prot", "1");
    await wrong.says(/^There is no flag --prot;.*\n$/);
    expect(await wrong.exit).toEqual([2, null]);
  });
});
