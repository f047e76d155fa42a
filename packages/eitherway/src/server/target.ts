/** Where requests go, seen from the base path. */
import type { HttpAnswer } from "../core/index.ts";
import { EitherwayError, quote } from "../protocol/index.ts";
import { errorAnswer } from "../transports/answers.ts";
import type { RequestHandler } from "../transports/index.ts";

export const DEFAULT_BASE_PATH = "/eitherway";

/** The path below the base path, and the query without `?`. */
export interface Target {
  readonly path: string;
  readonly query: string;
}

/** `undefined`: not ours. */
export function targetOf(url: string, basePath: string, handler: RequestHandler): Target | undefined {
  const local = url.startsWith("/") ? url : url.replace(ABSOLUTE_FORM, "");
  const mark = local.indexOf("?");
  const path = mark < 0 ? local : local.slice(0, mark);
  const query = mark < 0 ? "" : local.slice(mark + 1);
  if (path === basePath || path.startsWith(`${basePath}/`)) return { path: path.slice(basePath.length), query };
  return handler.handles(path) ? { path, query } : undefined;
}

/** RFC 9112 section 3.2.2: a request to a proxy names scheme and host too, and servers must take it. */
const ABSOLUTE_FORM = /^https?:\/\/[^/?]*/i;

/** For a request that neither we nor an application have an answer to. */
export function notHereAnswer(url: string, basePath: string): HttpAnswer {
  const [path = ""] = url.split("?"); // what is behind it may be a secret
  const sentence = `There is nothing at ${quote(path)}; this server answers below ${quote(basePath)}.`;
  return errorAnswer(new EitherwayError("not-found", sentence));
}

const BASE_PATH = /^(?:\/[^/?#\s]+)*$/;

/** Throws `bad-request`. */
export function checkBasePath(basePath: string): void {
  if (BASE_PATH.test(basePath)) return;
  throw new EitherwayError(
    "bad-request",
    `The base path ${JSON.stringify(basePath)} does not start with a slash or ends with one; give for example "/eitherway".`,
  );
}
