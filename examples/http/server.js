/** Eitherway beside the routes of a plain `node:http` server: WebSocket, event streams, long-poll and `curl`, on the same port. */
import { createServer } from "node:http";
import { eitherway } from "eitherway";

const ew = eitherway();

const server = createServer(async (request, response) => {
  if (request.method !== "POST" || request.url !== "/orders") {
    response.end("Your application answers here.\n");
    return;
  }
  const { id } = await ew.publish("orders", { at: Date.now() }); // every open page has it from here on
  response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify({ id }));
});

ew.attach(server); // requests below /eitherway never come to the application
const port = Number(process.env.PORT ?? 3000);
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));

process.once("SIGTERM", async () => {
  await ew.close(); // says bye: clients come back to the next process, with their cursors
  server.close();
});
