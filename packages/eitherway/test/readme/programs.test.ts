import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compilePages, type Project } from "./project.ts";

/** Their programs compile; those of the README run. */
const PAGES = [
  "README.md",
  "docs/auth.md",
  "docs/calls.md",
  "docs/client.md",
  "docs/contract.md",
  "docs/embedding.md",
  "docs/logs.md",
  "docs/outbox.md",
  "docs/react.md",
  "docs/streams.md",
  "docs/testing.md",
  "docs/workers.md",
];
/** A compiler on a busy machine. */
const COMPILE_MS = 120_000;

/** As many as the page starts. */
const WORKERS = 4;

let project: Project;

beforeAll(async () => {
  project = await compilePages(PAGES);
}, COMPILE_MS);

afterAll(() => project?.remove());

test("the server and the client of the README compile strictly, talk, and end when told to (P3, P10)", async () => {
  const server = project.start("server.js");
  await server.listening();
  expect(await (await fetch(`http://127.0.0.1:${project.port}/other`)).text()).toBe(
    "Your application answers /other.\n",
  );
  const client = project.start("client.js");
  const output = await client.prints(/stored as [0-9a-z]{12}-00000001\n.*open sse .*tick \{ now: [0-9]+ \}/s);
  expect(output).not.toContain("missed something");
  const ended = once(server.child, "exit");
  server.child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

test("the workers of the page on workers serve together, and end when told to (P3, P10)", async () => {
  const primary = project.start("workers.js");
  await primary.prints(new RegExp(`^${WORKERS} workers listen`, "m")); // only then it hears of the signal below
  const url = `http://127.0.0.1:${project.port}/eitherway/channels/a`;
  const post = () => fetch(url, { method: "POST", headers: { connection: "close" }, body: "1" });
  for (let n = 0; n < WORKERS; n++) expect((await post()).status).toBe(201);
  expect(await (await fetch(`${url}?after=start`)).json()).toMatchObject({ messages: { length: WORKERS } });
  const ended = once(primary.child, "exit");
  primary.child.kill("SIGTERM");
  expect(await ended).toEqual([0, null]);
});

test(
  "the tests of the page on testing are green, in vitest and in node:test (P2)",
  async () => {
    expect(await project.startVitest("room.test.js").prints(/Tests .*passed|FAIL/)).toMatch(/1 passed/);
    expect(await project.start("room-node.test.js").prints(/^(#|ℹ) fail \d/m)).toMatch(/^(#|ℹ) pass 1$/m);
  },
  COMPILE_MS,
);
