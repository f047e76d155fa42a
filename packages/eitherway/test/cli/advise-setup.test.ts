/** What an advice prints is real: programs compile, flags and options are accepted, proxies take their settings and let everything through. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { describe, expect, onTestFinished, test } from "vitest";
import { type Advice, advise, complete } from "../../src/cli/advise/advise.ts";
import { PROXIES } from "../../src/cli/advise/proxies.ts";
import { type Answers, QUESTIONS } from "../../src/cli/advise/questions.ts";
import { RULES } from "../../src/cli/advise/rules.ts";
import { readArguments } from "../../src/cli/flags.ts";
import { serveCommand } from "../../src/cli/serve.ts";
import { createClient } from "../../src/client/index.node.ts";
import { eitherway } from "../../src/node/index.ts";
import { freePort } from "../node/support.ts";
import { ROOT } from "../readme/support.ts";
import { givens } from "./advise-support.ts";
import { startCli, startServer } from "./support.ts";

const TYPESCRIPT = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
/** A compiler on a busy machine. */
const COMPILE_MS = 120_000;

/** Advice of every kind: each choice, and answers far to both sides of the usual ones. */
function allKinds(): Advice[] {
  const answers = QUESTIONS.flatMap((question): Partial<Answers>[] => {
    const values =
      question.kind === "choice" ? question.choices.map(({ value }) => value) : [question.min, question.max];
    return values.map((value) => ({ [question.id]: value }));
  });
  const pairs: Partial<Answers>[] = [
    { direction: "peer", group: 2 },
    { direction: "peer", carries: "files" },
    { direction: "down", carries: "media" },
    { direction: "down", tabs: 1 },
    { platform: "servers", upstream: 5, binary: 50 },
    { platform: "native", upstream: 5 },
    { hosting: "aws-apigw", audience: 100_000_000, payload: 16 * 1_024 * 1_024, downstream: 10_000 },
    { staleness: 60_000, downstream: 0.01, upstream: 0 },
    { tabs: 5, http2: "yes" },
  ];
  const measured = { where: "", says: [], paths: { sse: { heldBackMs: 60_000 } } };
  return [
    ...[...answers, ...pairs].map((some) => advise(complete(some))),
    advise(complete({ hosting: "aws-apigw" }), measured),
  ];
}

test(
  "every program compiles strictly, in a project that depends on the package",
  async () => {
    const kinds = allKinds();
    expect(new Set(kinds.map(({ advises }) => advises))).toEqual(new Set(RULES.map(({ advises }) => advises)));
    const texts = new Set(
      kinds.flatMap(({ setup }) => setup.programs.filter(({ language }) => language === "ts").map(({ text }) => text)),
    );
    await mkdir(join(ROOT, ".cache"), { recursive: true });
    const folder = await mkdtemp(join(ROOT, ".cache", "advise-"));
    onTestFinished(() => rm(folder, { recursive: true, force: true }));
    await writeFile(join(folder, "package.json"), '{"private":true,"type":"module"}');
    const files = [...texts].map((_, at) => `program-${at}.ts`);
    await Promise.all([...texts].map((text, at) => writeFile(join(folder, files[at] as string), text)));
    const options = "--noEmit --strict --module nodenext --target es2023 --lib es2023,dom --skipLibCheck --types node";
    await promisify(execFile)(process.execPath, [join(TYPESCRIPT, "bin", "tsc"), ...options.split(" "), ...files], {
      cwd: folder,
    }).catch((failed) => expect.fail(failed.stdout));
  },
  COMPILE_MS,
);

test("every flag is one of serve, and its value is taken", async () => {
  const checked = new Set<string>();
  await fc.assert(
    fc.asyncProperty(givens, async (given) => {
      const { serve } = advise(given).setup;
      if (serve.length === 0) return;
      readArguments("serve", serveCommand.flags, serve.slice(1), {});
      checked.add(serve.join(" "));
    }),
    { seed: 6, numRuns: 100 },
  );
  const widest = advise(complete({ audience: 1_000_000, payload: 1_048_576, downstream: 500, hosting: "nginx" })).setup
    .serve;
  expect(widest).toEqual(
    expect.arrayContaining(["--limit", "--retention-bytes", "--retention-messages", "--insecure"]),
  );
  const running = startCli([...widest, "--port", "0"]);
  await running.prints(/is at http/);
  expect(await running.stop()).toBe(0);
});

test("the options of the server program are taken", () => {
  const { programs } = advise(
    complete({ audience: 1_000_000, payload: 1_048_576, downstream: 500, hosting: "nginx" }),
  ).setup;
  const [, options] = /eitherway\((\{.*?\n\})\);/s.exec(programs[0]?.text ?? "") ?? [];
  expect(options).toContain("limits");
  const server = eitherway(new Function(`return ${options}`)());
  onTestFinished(() => server.close());
});

const STARTS: Readonly<Record<string, (folder: string) => [string, ...string[]]>> = {
  nginx: (folder) => ["nginx", "-p", folder, "-c", join(folder, "proxy.conf"), "-e", join(folder, "error.log")],
  haproxy: (folder) => ["haproxy", "-db", "-f", join(folder, "proxy.conf")],
};

/** What goes around the settings in a whole configuration. */
const AROUND: Readonly<Record<string, (folder: string, text: string) => string>> = {
  nginx: (folder, text) => `daemon off; master_process off; pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${folder}/${name};`).join("\n")}
${text}
}
`,
  haproxy: (_, text) => `${text}\n`,
};

describe.each(PROXIES.map(({ id }) => id))("%s with the settings as printed", (id) => {
  test.each(["websocket", "sse", "poll"] as const)("lets %s through, both ways", async (transport) => {
    const { setup } = advise(complete({ hosting: id }));
    expect(setup.proxy.map(({ tested }) => tested)).toEqual([true]);
    const server = await startServer(0, { trustProxy: 1 });
    const port = await startProxy(id, setup.proxy[0]?.text ?? "", server.port);
    const client = createClient({ url: `http://127.0.0.1:${port}/eitherway`, transport });
    onTestFinished(() => client.close());
    const room = client.channel("room/42", { from: "start" });
    const got = new Promise((resolve) => room.on("message", resolve));
    await room.publish({ text: "hi" });
    expect(await got).toEqual({ text: "hi" });
    expect(client.status.transport).toBe(transport);
  });
});

/** Starts it until the test is over, and resolves with its port. */
async function startProxy(id: string, text: string, target: number): Promise<number> {
  const [start, around] = [STARTS[id], AROUND[id]];
  if (!start || !around) throw new Error(`This test cannot start ${id}.`);
  const folder = await mkdtemp(join(tmpdir(), "eitherway-advise-"));
  const port = await freePort();
  const settings = text
    .replace("listen 80;", `listen 127.0.0.1:${port};`)
    .replace("bind :80", `bind 127.0.0.1:${port}`)
    .replace("127.0.0.1:3000", `127.0.0.1:${target}`);
  await writeFile(join(folder, "proxy.conf"), around(folder, settings));
  const [program, ...args] = start(folder);
  const env = { ...process.env, PATH: `${process.env.PATH ?? ""}${delimiter}/usr/sbin` }; // Debian puts both there
  const proxy = spawn(program, args, { env, stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(proxy, "exit");
  onTestFinished(async () => {
    proxy.kill("SIGTERM");
    await exited;
    await rm(folder, { recursive: true, force: true });
  });
  await answers(proxy, port);
  return port;
}

/** Resolves once it answers; rejects with its complaints when it ends before. The test's own time limit is the deadline. */
async function answers(proxy: ChildProcess, port: number): Promise<void> {
  let complaints = "";
  proxy.stderr?.on("data", (text: Buffer) => {
    complaints += text.toString();
  });
  while (proxy.exitCode === null) {
    if (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`It ended: ${complaints}`);
}
