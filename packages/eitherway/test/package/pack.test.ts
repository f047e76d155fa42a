import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, posix } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bringRuntime } from "../everywhere/bring-runtime.ts";
import { createProject, npm, PACKAGE, run } from "./support.ts";

// Programs of development packages, some of which export nothing but their package.json.
const require = createRequire(import.meta.url);
const ATTW = dirname(require.resolve("@arethetypeswrong/cli/package.json"));
const TYPESCRIPT = dirname(require.resolve("typescript/package.json"));
const TYPES_NODE = dirname(require.resolve("@types/node/package.json"));

/** Every entry of the exports map, with a name that it must have. */
const ENTRIES = {
  eitherway: "eitherway",
  "eitherway/client": "createClient",
  "eitherway/client/core": "webSocket",
  "eitherway/client/binary": "binary",
  "eitherway/client/outbox": "openOutbox",
  "eitherway/client/presence": "presence",
  "eitherway/fetch": "eitherway",
  "eitherway/file": "file",
  "eitherway/contract": "contract",
  "eitherway/protocol": "EitherwayError",
  "eitherway/instrument": "judge",
  "eitherway/react": "createHooks",
  "eitherway/redis": "redis",
  "eitherway/testing": "createHarness",
  "eitherway/tokens": "createTokenAuth",
  "eitherway/workers": "startWorkers",
} as const;

/** What some entry needs that the package does not bring. */
const PEERS = ["ioredis", "lmdb", "react", "@types/react"];

const NAMES = Object.entries(ENTRIES);

const ESM_PROBE = `
const found = {};
for (const entry of ${JSON.stringify(Object.keys(ENTRIES))}) found[entry] = Object.keys(await import(entry));
const { default: manifest } = await import("eitherway/package.json", { with: { type: "json" } });
console.log(JSON.stringify({ found, version: manifest.version }));
`;

const CJS_PROBE = `
const found = {};
for (const entry of ${JSON.stringify(Object.keys(ENTRIES))}) found[entry] = Object.keys(require(entry));
console.log(JSON.stringify({ found, version: require("eitherway/package.json").version }));
`;

const ESM_CONSUMER = `${NAMES.map(([entry, name], index) => `import { ${name} as used${index} } from "${entry}";`).join("\n")}
export const used = [${NAMES.map((_, index) => `used${index}`).join(", ")}] as const;
// @ts-expect-error this name is not exported: types are really there, not any
import { noSuchName } from "eitherway/client";
export { noSuchName };
`;

const CJS_CONSUMER = `${NAMES.map(([entry], index) => `import entry${index} = require("${entry}");`).join("\n")}
export const used = [${NAMES.map(([, name], index) => `entry${index}.${name}`).join(", ")}] as const;
`;

const NATIVE_CONSUMER = `import { type AppState, createClient } from "eitherway/client";
declare const appState: AppState;
export const client = createClient({ url: "https://example.org/eitherway", appState });
`;

let folder: string;
let tarball: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "eitherway-pack-"));
  await npm(["pack", "--pack-destination", folder], PACKAGE); // builds, by its prepack script
  const [name] = (await readdir(folder)).filter((file) => file.endsWith(".tgz"));
  tarball = join(folder, name ?? "");
  const install = ["install", "--no-audit", "--no-fund", "--prefer-offline", tarball, ...PEERS];
  await createProject(join(folder, "esm"), "module", {
    "probe.js": ESM_PROBE,
    "consumer.ts": ESM_CONSUMER,
    "native.ts": NATIVE_CONSUMER,
  });
  await createProject(join(folder, "cjs"), "commonjs", { "probe.js": CJS_PROBE, "consumer.ts": CJS_CONSUMER });
  await npm(install, join(folder, "esm"));
  await npm(install, join(folder, "cjs"));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  ["an ES module imports", "esm"],
  ["a CommonJS module requires", "cjs"],
])("%s", (_, project) => {
  test("every entry of the package, without a warning", async () => {
    const { code, stdout, stderr } = await run(process.execPath, ["probe.js"], join(folder, project));
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { found, version } = JSON.parse(stdout) as { found: Record<string, string[]>; version: string };
    for (const [entry, name] of NAMES) expect(found[entry]).toContain(name);
    expect(version).toBe(JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8")).version);
  });

  test.each(["nodenext", ...(project === "esm" ? ["bundler"] : [])])("with types under %s", async (resolution) => {
    expect(await typeCheck(project, resolution, "consumer.ts")).toEqual({ code: 0, stdout: "" });
  });
});

test.each([
  ["bun", []],
  ["deno", ["run", "--allow-all", "--no-lock"]],
] as const)("%s imports every entry of the package, without a warning", async (name, args) => {
  const { code, stdout, stderr } = await run(await bringRuntime(name), [...args, "probe.js"], join(folder, "esm"));
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { found } = JSON.parse(stdout) as { found: Record<string, string[]> };
  for (const [entry, name] of NAMES) expect(found[entry]).toContain(name);
});

test("React Native has a client of its own, with its types", async () => {
  const probe = 'console.log(import.meta.resolve("eitherway/client"))';
  const args = ["--conditions=react-native", "--input-type=module", "--eval", probe];
  const { stdout } = await run(process.execPath, args, join(folder, "esm"));
  expect(stdout).toMatch(/\/dist\/client\/index\.react-native\.js\n$/);
  const options = ["--customConditions", "react-native"]; // as its own tsconfig has it
  expect(await typeCheck("esm", "bundler", "native.ts", options)).toEqual({ code: 0, stdout: "" });
});

test("the command runs in a project that installed the package", async () => {
  const { code, stdout } = await run("npx", ["--no-install", "eitherway", "--help"], join(folder, "esm"));
  expect(code).toBe(0);
  expect(stdout).toMatch(/serve/);
});

async function typeCheck(project: string, resolution: string, file: string, options: readonly string[] = []) {
  const args = ["--noEmit", "--strict", "--target", "es2023", "--lib", "es2023,dom,dom.iterable"];
  const modules = ["--module", resolution === "bundler" ? "esnext" : resolution, "--moduleResolution", resolution];
  const node = ["--types", "node", "--typeRoots", join(TYPES_NODE, "..")];
  const command = [join(TYPESCRIPT, "bin", "tsc"), ...args, ...modules, ...node, ...options, file];
  const { code, stdout } = await run(process.execPath, command, join(folder, project));
  return { code, stdout };
}

describe("the tarball", () => {
  test("has what users need and nothing else", async () => {
    const installed = join(folder, "esm", "node_modules", "eitherway");
    const files = (await readdir(installed, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    expect(files).toEqual(expect.arrayContaining(["package.json", "README.md", "LICENSE", "CHANGELOG.md"]));
    const others = files.filter((file) => !/^(?:bin|dist|src|vectors)\//.test(file));
    expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    expect(files.filter((file) => /tsbuildinfo|tsconfig|\.test\./.test(file))).toEqual([]);
    // Debuggers and "go to definition" follow the maps into src.
    const maps = files.filter((file) => file.endsWith(".map"));
    expect(maps.length).toBeGreaterThan(0);
    for (const map of maps) {
      const { sources } = JSON.parse(await readFile(join(installed, map), "utf8")) as { sources: string[] };
      for (const source of sources) expect(files).toContain(posix.join(posix.dirname(map), source));
    }
  });

  test("publint finds nothing", async () => {
    const manifest = JSON.parse(await readFile(join(PACKAGE, "package.json"), "utf8"));
    const bytes = await readFile(tarball);
    const data = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
    const { messages } = await publint({ pack: { tarball: data as ArrayBuffer }, strict: true });
    expect(messages.map((message) => formatMessage(message, manifest))).toEqual([]);
  });

  test("are-the-types-wrong finds nothing for an ES module package", async () => {
    const attw = join(ATTW, "dist", "index.js");
    const args = [attw, tarball, "--profile", "esm-only", "--no-definitely-typed", "--format", "ascii", "--no-color"];
    const { code, stdout } = await run(process.execPath, args, folder);
    expect({ code, stdout: code === 0 ? "" : stdout }).toEqual({ code: 0, stdout: "" });
  });
});
