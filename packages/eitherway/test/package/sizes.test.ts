import { join } from "node:path";
import { expect, test } from "vitest";
import { PACKAGE, run } from "./support.ts";

const SIZES = join(PACKAGE, "..", "..", "scripts", "sizes.js");
const sizes = (...args: string[]) => run(process.execPath, [SIZES, ...args], PACKAGE);

test("the client keeps its budgets as applications bundle it", async () => {
  const { code, stdout, stderr } = await sizes();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/bundle-websocket\/main +\d+ +\d+ +\d+/);
});

test("a bundle that is one byte over its budget fails, by its name and that byte", async () => {
  const { stdout } = await sizes();
  const [, gzipped = ""] = /bundle-all\/main +\d+ +(\d+)/.exec(stdout) ?? [];
  expect(await sizes(`bundle-all/main=${gzipped}`)).toMatchObject({ code: 0 });
  const { code, stderr } = await sizes(`bundle-all/main=${Number(gzipped) - 1}`);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^bundle-all\/main is 1 byte over/);
});

test("a bundle has no transport that its program does not name", async () => {
  const { stdout } = await sizes("--parts");
  const [, websocket = "", all = ""] = stdout.split(/^bundle-.*$/m);
  expect(websocket).toContain("transports/websocket.ts");
  for (const name of ["sse", "poll", "http", "commands"]) expect(websocket).not.toContain(`transports/${name}.ts`);
  for (const name of ["sse", "poll", "websocket"]) expect(all).toContain(`transports/${name}.ts`);
  for (const name of [
    "binary-client-codec",
    "json-server-codec",
    "http-status",
    "outbox-store",
    "tabs",
    "contract/",
    "typed/",
    "client/stream",
  ]) {
    expect(all).not.toContain(name);
  }
});

test("a bundler keeps the worker of shared tabs, which is imported for what it does", async () => {
  const { stdout } = await sizes("--parts");
  const [, worker = ""] = stdout.split(/^bundle-tabs\/worker.*$/m);
  expect(worker).toContain("tabs/tab-hub-worker.ts");
});
