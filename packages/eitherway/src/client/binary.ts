/** The binary framing for WebSockets: its own import, so that clients which speak JSON do not carry it. */
import { binaryClientCodec } from "../protocol/index.ts";
import type { ClientFraming } from "./transport.ts";

/**
 * A small envelope around raw payloads: bytes are spared their base64, and nothing else changes. SSE and long-poll stay text.
 *
 * @example
 * import { createClient } from "eitherway/client";
 * import { binary } from "eitherway/client/binary";
 * const client = createClient({ url: "/eitherway", framing: binary });
 */
export const binary: ClientFraming = binaryClientCodec;
