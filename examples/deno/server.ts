/** Eitherway on Deno, by `fetch`: event streams, long-poll and `curl`. */
import { eitherway } from "eitherway/fetch";

const ew = eitherway();

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/eitherway")) return ew.fetch(request);
  if (request.method !== "POST" || pathname !== "/orders") return new Response("Your application answers here.\n");
  const { id } = await ew.publish("orders", { at: Date.now() }); // every open page has it from here on
  return Response.json({ id }, { status: 201 });
}

const port = Number(Deno.env.get("PORT") ?? 3000);
const onListen = () => console.log(`http://127.0.0.1:${port}`);
const server = Deno.serve({ hostname: "127.0.0.1", port, onListen }, answer);

Deno.addSignalListener("SIGTERM", async () => {
  await ew.close(); // says bye: clients come back to the next process, with their cursors
  await server.shutdown();
  Deno.exit();
});
