/** Eitherway as it comes, all promises on: the built package, its defaults, its public API. */
import { createServer } from "node:http";
import { DEFAULT_LIMITS, eitherway } from "eitherway";
import { fail, listenOnLoopback, options, serve } from "./control.js";

const { links, channels, heartbeatMs, attached } = options;
const ew = eitherway({
  limits: {
    // Only what the scenario needs is raised, and nothing is lowered.
    links: Math.max(links, DEFAULT_LIMITS.links),
    addressLinks: Math.max(links, DEFAULT_LIMITS.addressLinks), // all of them come from this machine
    channels: Math.max(channels, DEFAULT_LIMITS.channels),
  },
  pingMs: heartbeatMs,
});
const port = attached ? await attach() : (await ew.listen({ port: 0 })).port;

await serve({
  port,
  publish(channel, message) {
    ew.publish(channel, message).catch(fail);
  },
  async cursor(channel) {
    const history = await fetch(`http://127.0.0.1:${port}/eitherway/channels/${channel}?limit=1`);
    const { head } = /** @type {{ head: string | null }} */ (await history.json());
    return head ?? "";
  },
});

function attach() {
  const server = createServer((_request, response) => response.end("the application"));
  ew.attach(server);
  return listenOnLoopback(server);
}
