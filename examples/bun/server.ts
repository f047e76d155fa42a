/** Eitherway on Bun, by `fetch`: event streams, long-poll and `curl`. */
import { eitherway } from "eitherway/fetch";

const ew = eitherway();

const server = Bun.serve({
  hostname: "127.0.0.1",
  port: Number(process.env.PORT ?? 3000),
  idleTimeout: 0, // Bun's own 10 s would cut streams and polls in which nothing happens; Eitherway pings every 15 s
  routes: {
    "/": new Response("Your application answers here.\n"),
    "/eitherway/*": (request) => ew.fetch(request),
    "/orders": {
      async POST() {
        const { id } = await ew.publish("orders", { at: Date.now() }); // every open page has it from here on
        return Response.json({ id }, { status: 201 });
      },
    },
  },
});
console.log(server.url.origin);

process.once("SIGTERM", async () => {
  await ew.close(); // says bye: clients come back to the next process, with their cursors
  await server.stop();
});
