/** A page of React that a server renders and a browser takes over: built for production, or by Vite's development server. */
import { once } from "node:events";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import react from "@vitejs/plugin-react";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { build, createServer as createVite, type Plugin } from "vite";
import { onTestFinished } from "vitest";
import { eitherway } from "../../src/node/index.ts";
import { witnessed } from "../support/witness.ts";
import { App } from "./pages/react/app.tsx";
import { app } from "./pages/react/realtime.ts";

export type Mode = "production" | "development";

export interface ReactSite {
  readonly origin: string;
  readonly ew: ReturnType<typeof startServer>;
  /** Of the development server: changes the text of a component's file, as an editor does that saves it. */
  edit(from: string, to: string): void;
}

const ROOT = fileURLToPath(new URL("pages/react", import.meta.url));
const EDITED = `${ROOT}/room.tsx`;
const SILENT = witnessed();

/** Ends with the test. */
export async function openReactSite(mode: Mode): Promise<ReactSite> {
  let listener: RequestListener = () => {};
  const server = createServer((request, response) => listener(request, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const ew = startServer();
  onTestFinished(() => ew.close());
  ew.attach(server);
  const edits: Edit[] = [];
  const parts = mode === "production" ? await builtPage() : await developedPage(server, edits);
  listener = parts.listener;
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ew,
    edit(from, to) {
      edits.push({ from, to });
      parts.saved();
    },
  };
}

interface PageParts {
  readonly listener: RequestListener;
  /** Tells that the edited file has changed. */
  saved(): void;
}

interface Edit {
  readonly from: string;
  readonly to: string;
}

async function builtPage(): Promise<PageParts> {
  const script = await bundle();
  return {
    listener({ url }, response) {
      if (url === "/page.js") response.writeHead(200, { "content-type": "text/javascript" }).end(script);
      else response.writeHead(200, { "content-type": "text/html" }).end(pageOf("/page.js"));
    },
    saved() {},
  };
}

async function developedPage(server: Server, edits: readonly Edit[]): Promise<PageParts> {
  const vite = await createVite({
    root: ROOT,
    cacheDir: fileURLToPath(new URL("../../../../.cache/vite-react", import.meta.url)),
    configFile: false,
    logLevel: "warn",
    appType: "custom",
    plugins: [editor(edits), react()],
    server: { middlewareMode: true, hmr: { server } },
    optimizeDeps: { entries: "page.tsx" },
  });
  onTestFinished(() => vite.close());
  return {
    listener: (request, response) =>
      vite.middlewares(request, response, async () => {
        const html = await vite.transformIndexHtml("/", pageOf("/page.tsx"));
        response.writeHead(200, { "content-type": "text/html" }).end(html);
      }),
    saved: () => void vite.watcher.emit("change", EDITED),
  };
}

function startServer() {
  return eitherway(app, { logger: SILENT });
}

/** The file itself stays as it is: it is one of this repository. */
function editor(edits: readonly Edit[]): Plugin {
  return {
    name: "editor",
    enforce: "pre",
    transform: (code, id) =>
      id.startsWith(EDITED) ? edits.reduce((text, { from, to }) => text.replace(from, to), code) : undefined,
  };
}

async function bundle(): Promise<string> {
  const built = await build({
    root: ROOT,
    configFile: false,
    logLevel: "warn",
    mode: "production",
    // Else by the test runner's NODE_ENV.
    define: { "process.env.NODE_ENV": '"production"' },
    oxc: { jsx: { development: false } },
    plugins: [react()],
    build: { write: false, lib: { entry: "page.tsx", formats: ["es"], fileName: "page" } },
  });
  const [first] = [built].flat();
  if (!first || !("output" in first)) throw new Error("the page gave no output");
  return first.output[0].code;
}

/** Keeps what the page sends over WebSockets, and the elements that the server rendered. */
const RECORDER = `
  globalThis.sent = [];
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    if (this.url.includes("/eitherway")) sent.push(data);
    send.call(this, data);
  };
  globalThis.rendered = [...document.querySelectorAll("section")];
`;

function pageOf(script: string): string {
  const html = renderToString(createElement(App));
  return `<!doctype html><html lang="en"><head><title>React</title><link rel="icon" href="data:,"></head><body>${html}</body>
<script>${RECORDER}</script><script type="module" src="${script}"></script></html>`;
}
