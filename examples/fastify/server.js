/** Eitherway beside a Fastify application: attached to the server that Fastify has, whose hooks and parsers it does not meet. */
import { eitherway } from "eitherway";
import fastify from "fastify";

const ew = eitherway();
const app = fastify();

app.get("/", () => "Your application answers here.\n");

app.post("/orders", async (_request, reply) => {
  const { id } = await ew.publish("orders", { at: Date.now() }); // every open page has it from here on
  return reply.code(201).send({ id });
});

ew.attach(app.server);
app.addHook("preClose", () => ew.close()); // says bye: clients come back to the next process, with their cursors
console.log(await app.listen({ port: Number(process.env.PORT ?? 3000), host: "127.0.0.1" }));

process.once("SIGTERM", () => app.close());
