/** Eitherway beside an Express application. It is attached to the server, so that no middleware sees its requests. */
import { createServer } from "node:http";
import { eitherway } from "eitherway";
import express from "express";

const ew = eitherway();
const app = express();

app.get("/", (_request, response) => {
  response.send("Your application answers here.\n");
});

app.post("/orders", async (_request, response) => {
  const { id } = await ew.publish("orders", { at: Date.now() }); // every open page has it from here on
  response.status(201).json({ id });
});

const server = createServer(app); // in place of app.listen()
ew.attach(server);
const port = Number(process.env.PORT ?? 3000);
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));

process.once("SIGTERM", async () => {
  await ew.close(); // says bye: clients come back to the next process, with their cursors
  server.close();
});
