/**
 * Eitherway as a route of a Hono application, by `fetch`: event streams, long-poll and `curl`. The same route serves on Bun and Deno.
 * On Node `ew.attach(server)` on what `serve` returns, in place of the route, has WebSockets as well.
 */
import { serve } from "@hono/node-server";
import { eitherway } from "eitherway/fetch";
import { Hono } from "hono";

const ew = eitherway();
const app = new Hono();

app.all("/eitherway/*", (c) => ew.fetch(c.req.raw));

app.get("/", (c) => c.text("Your application answers here.\n"));

app.post("/orders", async (c) => {
  const { id } = await ew.publish("orders", { at: Date.now() }); // every open page has it from here on
  return c.json({ id }, 201);
});

const port = Number(process.env.PORT ?? 3000);
const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, () => console.log(`http://127.0.0.1:${port}`));

process.once("SIGTERM", async () => {
  await ew.close(); // says bye: clients come back to the next process, with their cursors
  server.close();
});
