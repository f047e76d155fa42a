/** `POST /stream`: server frames as an event stream, for the SDK; the body is the hello. */
import type { HttpExchange, Hub } from "../core/index.ts";
import { sseFraming } from "../protocol/index.ts";
import { identify, readHello } from "./requests.ts";
import { openStreamLink } from "./stream-link.ts";

/** Rejects, with nothing answered, for a body that is no hello and for what the hub refuses. */
export async function serveStream(hub: Hub, exchange: HttpExchange): Promise<void> {
  const hello = await readHello(hub, exchange);
  const who = await identify(hub, exchange, hello.client, hello.token);
  openStreamLink({ hub, exchange, transport: "sse", framing: sseFraming }, hello, who);
}
