/** An answer by hand, where Node has no response object: the last one of its connection. */
import { STATUS_CODES } from "node:http";
import type { HttpAnswer } from "../core/index.ts";

export function rawAnswer({ status, headers, body = "" }: HttpAnswer): Buffer {
  const bytes = Buffer.from(body);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${bytes.length}`,
    "connection: close",
  ];
  return Buffer.concat([Buffer.from(`${head.join("\r\n")}\r\n\r\n`, "latin1"), bytes]);
}
