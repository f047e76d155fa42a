/** The pages on migrating: their programs compile strictly, run, and print the same before and after. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { compilePages, type Project } from "./project.ts";
import { programsOf, readText } from "./support.ts";

const SOCKET_IO = "docs/migrating/from-socket-io.md";
const WS = "docs/migrating/from-ws.md";
const EVENT_SOURCE = "docs/migrating/from-eventsource.md";
const PAGES = [SOCKET_IO, WS, EVENT_SOURCE];

interface Pair {
  readonly server: string;
  readonly client: string;
}

const SAID = [/^said: hi$/m];
const SAID_AND_SENT = [...SAID, /^sent$/m];
const PRICES = [/^price: 1\d\d$/m];

const PAIRS: readonly (Pair & { readonly prints: readonly RegExp[] })[] = [
  { server: "socket-io-server", client: "socket-io-client", prints: SAID_AND_SENT },
  { server: "chat-server", client: "chat-client", prints: SAID_AND_SENT },
  { server: "ws-server", client: "ws-client", prints: SAID },
  { server: "lobby-server", client: "lobby-client", prints: SAID },
  { server: "sse-server", client: "sse-client", prints: PRICES },
  { server: "prices-server", client: "prices-eventsource", prints: PRICES },
  { server: "prices-server", client: "prices-client", prints: PRICES },
];

/** A compiler on a busy machine. */
const COMPILE_MS = 120_000;
/** As browsers have it. Node warns that it is new. */
const LIKE_A_BROWSER = ["--experimental-eventsource", "--no-warnings"];

let project: Project;

beforeAll(async () => {
  project = await compilePages(PAGES);
}, COMPILE_MS);

afterAll(() => project?.remove());

for (const { server, client, prints } of PAIRS) {
  test(`${client} prints what its page says, on ${server}`, async () => {
    await project.start(`${server}.js`).listening();
    const started = project.start(`${client}.js`, LIKE_A_BROWSER);
    for (const pattern of prints) expect(await started.prints(pattern)).not.toContain("missed something");
  });
}

test("every program of the pages is run, or imported by one that is", async () => {
  const run = new Set(PAIRS.flatMap(({ server, client }) => [`${server}.ts`, `${client}.ts`]));
  const names = (await Promise.all(PAGES.map(readText))).flatMap((text) => [...programsOf(text).keys()]);
  expect(names.filter((name) => !run.has(name))).toEqual(["chat.ts"]);
  expect(programsOf(await readText(SOCKET_IO)).get("chat-server.ts")).toContain('"./chat.js"');
});
