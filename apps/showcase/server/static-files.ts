/** Serves the few files of a built page from memory: what is not in the folder at the start does not exist. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { extname, join, relative, sep } from "node:path";

interface StaticFile {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** Everything from this origin, nothing inline, nothing that turns text into markup. */
const PAGE_HEADERS = {
  "content-security-policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "worker-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'; " +
    "require-trusted-types-for 'script'; trusted-types worker-scripts",
  "referrer-policy": "no-referrer",
  // Alone in their process, pages get a clock of microseconds (else of 0.1 to 1 ms), by which /which measures.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
};

const HASHED = /^\/assets\//; // Vite puts a hash of the content into these names
const FOR_GOOD = "public, max-age=31536000, immutable";
const ASK_FIRST = "no-cache";

/** A request listener for `http` and `http2` servers. */
export function createStaticFiles(folder: string): (request: IncomingMessage, response: ServerResponse) => void {
  const files = readFiles(folder);
  return ({ method, url = "/", headers }, response) => {
    const [path = ""] = url.split("?", 1);
    const file = files.get(path) ?? files.get(path === "/" ? "/start/index.html" : `${path}/index.html`);
    if (method !== "GET" && method !== "HEAD") {
      response.writeHead(405, { allow: "GET, HEAD" }).end();
    } else if (!file) {
      response.writeHead(404, { "content-type": "text/plain; charset=utf-8" }).end("There is nothing at this path.\n");
    } else if (headers["if-none-match"] === file.headers.etag) {
      response.writeHead(304, file.headers).end();
    } else {
      response.writeHead(200, { ...file.headers, "content-length": file.body.length });
      response.end(method === "HEAD" ? undefined : file.body);
    }
  };
}

/** By the path of their URL. */
function readFiles(folder: string): ReadonlyMap<string, StaticFile> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map((entry) => {
      const file = join(entry.parentPath, entry.name);
      const path = `/${relative(folder, file).replaceAll(sep, "/")}`;
      const body = readFileSync(file);
      const type = TYPES[extname(path)] ?? "application/octet-stream";
      const headers = {
        "content-type": type,
        "cache-control": HASHED.test(path) ? FOR_GOOD : ASK_FIRST,
        etag: `"${createHash("sha256").update(body).digest("base64url")}"`,
        "x-content-type-options": "nosniff",
        ...(type.startsWith("text/html") && PAGE_HEADERS),
      };
      return [path, { body, headers }];
    }),
  );
}
