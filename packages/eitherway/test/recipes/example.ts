/** A folder of `examples/` as a server of the transport suite: started with its own command, and reached by its port alone. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { SuiteServer } from "../../src/testing/index.ts";
import { freePort } from "../node/support.ts";

export interface Example {
  readonly folder: string;
  /** Programs that its command starts with: where they are. */
  readonly programs: readonly string[];
}

/** What the last ended process of an example was. */
interface Ended {
  readonly code: number | null;
  readonly errors: string;
}

export interface ExampleServer extends SuiteServer {
  readonly origin: string;
  /** Ends it as a host does, by SIGTERM. */
  end(): Promise<Ended>;
}

const LOOK_AGAIN_MS = 20;

/** Resolves when it answers. */
export async function startExample(example: Example): Promise<ExampleServer> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const url = `${origin}/eitherway`;
  let running = await start(example, port);

  return {
    origin,
    url,
    async publish(channel, data, { event = "message", key, kind } = {}) {
      const isText = kind === "text";
      const response = await fetch(`${url}/channels/${channel}`, {
        method: "POST",
        body: isText ? String(data) : JSON.stringify(data),
        headers: {
          "content-type": isText ? "text/plain" : "application/json",
          "eitherway-event": event,
          ...(key !== undefined && { "idempotency-key": key }),
        },
      });
      if (response.status !== 201) throw new Error(`publish: ${response.status} ${await response.text()}`);
      return (await response.json()) as { id: string };
    },
    stats() {
      throw new Error("Another process does not show its insides; leave out the cases that look at them.");
    },
    stream() {
      throw new Error("Another process opens no streams for a test; leave out the cases that need them.");
    },
    async restart() {
      await running.end();
      running = await start(example, port);
    },
    end: () => running.end(),
    close: () => running.kill(),
  };
}

/** Starts what `npm start` would, without npm between us and the process. */
async function start({ folder, programs }: Example, port: number): Promise<Running> {
  const { scripts } = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as Manifest;
  const PATH = [...programs.map(dirname), dirname(process.execPath), process.env.PATH].join(delimiter);
  const { HOME } = process.env;
  const child = spawn("sh", ["-c", `exec ${scripts.start}`], {
    cwd: folder,
    env: { PATH, HOME, PORT: String(port), NEXT_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", "ignore", "pipe"],
  });
  let errors = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const closed = once(child, "close");
  await answers(child, `http://127.0.0.1:${port}/`, () => errors);
  return {
    async end() {
      if (child.exitCode === null) child.kill("SIGTERM");
      const [code] = (await closed) as [number | null];
      return { code, errors };
    },
    async kill() {
      child.kill("SIGKILL");
      await closed;
    },
  };
}

interface Running {
  end(): Promise<Ended>;
  /** At once: a polite end waits for connections that clients keep for later. */
  kill(): Promise<void>;
}

interface Manifest {
  readonly scripts: { readonly start: string };
}

/** The test's own time limit is the deadline. */
async function answers(child: ChildProcess, url: string, errors: () => string): Promise<void> {
  while (child.exitCode === null) {
    const answer = await fetch(url).catch(() => undefined);
    await answer?.text();
    if (answer) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  throw new Error(`The example ended with code ${child.exitCode}:\n${errors()}`);
}
