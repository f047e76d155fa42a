/** Server-sent events by hand, as tutorials write them: a set of responses, one string an event, `res.write` to each. */
import { createServer } from "node:http";
import { listenOnLoopback, options, serve } from "./control.js";

const HEARTBEAT_MS = options.heartbeatMs ?? 15_000; // "every 15 seconds or so": WHATWG HTML, "Authoring notes"

/** @type {Map<string, Set<import("node:http").ServerResponse>>} */
const channels = new Map();

const server = createServer((req, res) => {
  const names = (new URL(req.url ?? "/", "http://localhost").searchParams.get("channels") ?? "").split(",");
  res.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  res.write(": open\n\n");
  for (const name of names) membersOf(name).add(res);
  req.on("close", () => {
    for (const name of names) membersOf(name).delete(res);
  });
});

setInterval(() => {
  for (const res of new Set([...channels.values()].flatMap((members) => [...members]))) res.write(":\n\n");
}, HEARTBEAT_MS);

await serve({
  port: await listenOnLoopback(server),
  publish(channel, message) {
    const event = `data: ${JSON.stringify(message)}\n\n`;
    for (const res of membersOf(channel)) res.write(event);
  },
});

/** @param {string} name */
function membersOf(name) {
  let members = channels.get(name);
  if (!members) {
    members = new Set();
    channels.set(name, members);
  }
  return members;
}
