/** A real browser, and the showcase as `npm start` serves it: built page, own process. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, onTestFinished } from "vitest";

/** Builds what is out of date, so that a test never judges an old page. */
export function useBuiltPages(): void {
  beforeAll(async () => {
    const built = startScript("scripts/build.js", {});
    if ((await built.exit) !== 0) throw new Error(built.output());
  });
}

/** Keeps one browser for the tests of a file. */
export function useBrowser(): (options?: BrowserContextOptions) => Promise<BrowserContext> {
  let browser: Browser;
  useBuiltPages();
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS });
  });
  afterAll(() => browser.close());

  return async (options = {}) => {
    const context = await browser.newContext({ locale: "en-GB", ignoreHTTPSErrors: true, ...options });
    context.setDefaultTimeout(WAIT_MS);
    onTestFinished(() => context.close());
    return context;
  };
}

/** Longer than the longest backoff after the cuts of a test, on a busy machine. */
const WAIT_MS = 50_000;

export const CHROMIUM = "/usr/bin/chromium";
export const FLAGS = [
  "--no-sandbox", // root has none, and the pages are ours
  "--disable-gpu",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--disable-default-apps",
  "--metrics-recording-only",
  "--disable-quic",
];

export interface Showcase {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  readonly port: number;
  /** All that it printed so far. */
  output(): string;
  /** Signals the process; resolves with its exit code, `null` where the signal killed it. */
  stop(signal: NodeJS.Signals): Promise<number | null>;
}

export interface ShowcaseOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the server alone. `scripts/start.js` is what `npm start` runs. */
  readonly script?: "apps/showcase/dist/program/server/main.js" | "scripts/start.js";
}

const ADDRESS = /Eitherway is at (https?:\/\/127\.0\.0\.1:([0-9]+))/;

/** On a free port. It ends with the test. */
export async function startShowcase({
  env,
  script = "apps/showcase/dist/program/server/main.js",
}: ShowcaseOptions = {}): Promise<Showcase> {
  const { output, exit, prints, kill } = startScript(script, { EITHERWAY_PORT: "0", ...env });
  const stop = (signal: NodeJS.Signals): Promise<number | null> => {
    kill(signal);
    return exit;
  };
  onTestFinished(async () => void (await stop("SIGKILL"))); // whatever state a failed test leaves it in
  const [, origin = "", port] = await prints(ADDRESS);
  return { origin, port: Number(port), output, stop };
}

interface Running {
  output(): string;
  readonly exit: Promise<number | null>;
  /** Rejects when the process ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  kill(signal: NodeJS.Signals): void;
}

function startScript(path: string, env: Readonly<Record<string, string>>): Running {
  const { PATH, HOME } = process.env; // the test runner's own variables would change how the page is built
  const child = spawn(process.execPath, [fileURLToPath(new URL(`../../../../${path}`, import.meta.url))], {
    env: { PATH, HOME, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const exit = once(child, "close").then(([code]: (number | null)[]) => code ?? null);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return {
    output: () => output,
    exit,
    prints: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output);
          if (match) resolve(match);
        };
        child.stdout.on("data", look);
        look();
        exit.then((code) => reject(new Error(`${path} ended with code ${code}:\n${output}`)), reject);
      }),
    kill: (signal) => void child.kill(signal),
  };
}

/** The chat's page: a room of it. */
export interface Tab extends WatchedPage {
  /** Resolves once the connection is as wanted. */
  connected(transport?: "WebSocket" | "SSE" | "long-poll"): Promise<void>;
  /** Types into the field and presses Enter. */
  send(text: string): Promise<void>;
  choose(transport: "Auto" | "WebSocket" | "SSE" | "Long-poll"): Promise<void>;
  cut(): Promise<void>;
  /** The number that stands at one of the counters. */
  counter(name: "Received" | "Resumes" | "Lost" | "Doubled" | "Gaps"): Promise<number>;
  /** Resolves once the room's message of this number is shown and none of its own waits below it. */
  settled(place: number): Promise<void>;
  /** Those that are shown: of a long room a part. */
  messages(): Promise<readonly ShownMessage[]>;
  /** All of a room, by scrolling through it from the first message to this number. */
  readThrough(last: number): Promise<readonly ShownMessage[]>;
}

export interface ShownMessage {
  readonly id: string;
  /** Its number in the room. */
  readonly place: number;
  readonly text: string;
  /** Its number among those of its sender. */
  readonly number: number;
  readonly isOwn: boolean;
}

export interface WatchedPage {
  readonly page: Page;
  /** Warnings and errors of the console, exceptions, and requests for anything but the page's own origin. */
  readonly complaints: string[];
}

export async function openPage(context: BrowserContext, address: string): Promise<WatchedPage> {
  const { origin } = new URL(address);
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "blob:" && url.origin !== origin) complaints.push(`request for ${url}`);
  });
  await page.goto(address);
  return { page, complaints };
}

/** @param path of another room, or of a second client */
export async function openTab(context: BrowserContext, origin: string, path = "/chat"): Promise<Tab> {
  const { page, complaints } = await openPage(context, origin + path);
  const messages = (): Promise<readonly ShownMessage[]> =>
    page.locator(".stored > .message").evaluateAll((rows) =>
      rows.map((row) => {
        const { id = "", number, place } = (row as HTMLElement).dataset;
        return {
          id,
          place: Number(place),
          text: row.querySelector(".text")?.textContent ?? "",
          number: Number(number),
          isOwn: row.classList.contains("own"),
        };
      }),
    );
  return {
    page,
    complaints,
    connected: (transport) => page.getByText(transport ? `Open over ${transport}` : "Open over").waitFor(),
    async send(text) {
      const field = page.getByLabel("Message", { exact: true });
      await field.fill(text);
      await field.press("Enter");
    },
    choose: (transport) => page.locator(".choice").getByText(transport, { exact: true }).click(),
    cut: () => page.getByRole("button", { name: "Cut the connection" }).click(),
    async counter(name) {
      return Number(await page.locator(`dt:text-is("${name}") + dd`).textContent());
    },
    async settled(place) {
      const look = (wanted: number): boolean => {
        const last = document.querySelector<HTMLElement>(".stored > .message:last-child");
        return Number(last?.dataset.place ?? 0) >= wanted && !document.querySelector(".unsent > .message");
      };
      await page.waitForFunction(look, place).catch(async (cause: unknown) => {
        const shown = (await messages()).at(-1)?.place ?? 0;
        const waiting = await page.locator(".unsent > .message").count();
        const panel = await page.getByLabel("Connection").ariaSnapshot();
        throw new Error(`${shown} messages of ${place} have come, ${waiting} wait to be stored:\n${panel}`, { cause });
      });
    },
    messages,
    async readThrough(last) {
      const found = new Map<number, ShownMessage>();
      const isReady = (place: number): boolean => document.querySelector(`.message[data-place="${place}"]`) !== null;
      const first = page.getByRole("button", { name: "First message" });
      if (await first.isEnabled()) await first.click();
      for (let next = 1; next <= last; next = Math.max(...found.keys()) + 1) {
        await page.waitForFunction(isReady, next).catch(async (cause: unknown) => {
          const places = (await messages()).map(({ place }) => place);
          const view = await page.locator(".messages").evaluate((list) => {
            const { scrollTop, scrollHeight, clientHeight } = list;
            return { scrollTop, scrollHeight, clientHeight };
          });
          const room = await page.locator(".room").ariaSnapshot();
          const is = `${places.at(0)} to ${places.at(-1)} of ${last} are shown, at ${JSON.stringify(view)}`;
          throw new Error(`message ${next} does not come, ${is}:\n${room.slice(0, 1_000)}`, { cause });
        });
        for (const message of await messages()) found.set(message.place, message);
        await scrollToEnd(page);
      }
      return [...found.values()];
    },
  };
}

/** Of the messages of a chat, in one step. */
export function scrollToEnd(page: Page): Promise<void> {
  return page.locator(".messages").evaluate((list) => list.scrollTo(0, list.scrollHeight));
}

/** Somebody without a page: logs in, and publishes by HTTP. */
export async function comeIn(origin: string, name: string) {
  const json = { "content-type": "application/json" };
  const answer = await fetch(`${origin}/chat/login`, { method: "POST", headers: json, body: JSON.stringify({ name }) });
  const { token } = (await answer.json()) as { readonly token: string };
  const publish = async (type: string, body: string, channel = "room/lobby", event = "message"): Promise<number> => {
    const headers = { authorization: `Bearer ${token}`, "content-type": type, "eitherway-event": event };
    return (await fetch(`${origin}/chat/eitherway/channels/${channel}`, { method: "POST", headers, body })).status;
  };
  return { publish, say: (message: object) => publish(json["content-type"], JSON.stringify(message)) };
}
