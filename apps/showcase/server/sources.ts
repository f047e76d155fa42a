/** Shows the sources of the use cases, for whoever wants to copy one: `/source/chat/server.ts`. */
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join, relative, sep } from "node:path";

const SHOWN = /^(?!dist|node_modules)[^/.]+\/[^.][^/]*\.(?:ts|tsx|css|html)$/;

/** @returns answers a request for a source; `false`: it is for something else */
export function createSources(folder: string): (request: IncomingMessage, response: ServerResponse) => boolean {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).replaceAll(sep, "/"));
  const shown = new Set(files.filter((path) => SHOWN.test(path)).map((path) => `/source/${path}`));
  return ({ method, url = "" }, response) => {
    const [path = ""] = url.split("?", 1);
    if (method !== "GET" || !shown.has(path)) return false;
    response.writeHead(200, {
      "content-type": "text/plain; charset=utf-8",
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
    });
    response.end(readFileSync(join(folder, path.slice("/source/".length))));
    return true;
  };
}
