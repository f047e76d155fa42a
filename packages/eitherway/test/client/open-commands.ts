/** A link over HTTP that is open, for tests of what goes up beside it. */
import type { ClientTransport } from "../../src/client/transport.ts";
import { createFakeClient, type FakeRequest, stubFetch } from "./fake-network.ts";
import { WELCOME } from "./support.ts";

/** `commands` are the requests of the commands door so far. */
export async function openCommands(transport: ClientTransport) {
  const requests = stubFetch((request) => {
    if (request.door === "stream") request.stream().send(WELCOME);
    if (request.door === "poll" && request.body.includes('"wait":0')) request.lines(WELCOME);
  });
  const client = createFakeClient();
  client.settled = true;
  const link = transport.open(client.to, client.events);
  await client.clock.settle();
  client.log.length = 0;
  return { client, link, commands: (): FakeRequest[] => requests.filter(({ door }) => door === "commands") };
}
