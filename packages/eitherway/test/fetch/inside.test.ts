/** Server code as a client of its own server: by `ew.fetch`, without a port. */
import { expect, onTestFinished, test, vi } from "vitest";
import { createClient, type Fetch, type Gap, readHistory, type TransportName } from "../../src/client/index.node.ts";
import { presence } from "../../src/client/presence.ts";
import { eitherway, type NodeEitherwayOptions } from "../../src/node/index.ts";
import { witnessed } from "../support/witness.ts";

test.each<TransportName>(["sse", "poll"])(
  "over %s it hears what is published, once and in order, is present, and reads history",
  async (transport) => {
    const { ew, client } = openInside({}, transport);
    const heard: unknown[] = [];
    const live = new Promise((resolve) => void client.channel("orders").on("live", resolve));
    client.channel("orders").on("message", (data) => heard.push(data));
    await live;
    for (let n = 0; n < 20; n++) await ew.publish("orders", n);
    await client.channel("orders").publish(20);
    await vi.waitFor(() => expect(heard).toHaveLength(21), WAIT);
    expect(heard).toEqual(Array.from({ length: 21 }, (_, n) => n));

    await presence(client, "workers").set({ kind: "mail" });
    expect((await ew.presence("workers")).members).toEqual([{ member: client.id, state: { kind: "mail" } }]);
    await client.close();
    await vi.waitFor(async () => expect((await ew.presence("workers")).members).toEqual([]), WAIT);
    expect((await readHistory(client, "orders", { limit: 2 })).messages.map(({ data }) => data)).toEqual([19, 20]);
  },
);

test("it is held to what its token may do, like any other client", async () => {
  const auth: NodeEitherwayOptions["auth"] = ({ token }) => (token === "inside" ? { user: "server" } : null);
  const { client } = openInside({ auth, authorize: ({ channel }) => channel !== "secret" });
  const refused = new Promise((resolve) => void client.channel("secret").on("error", resolve));
  client.channel("secret").on("message", () => {});
  expect(await refused).toMatchObject({ code: "forbidden" });
  expect((await client.channel("orders").publish("mine")).id).not.toBe("");
});

test("what is trimmed while it does not listen is a gap to it", async () => {
  const { ew, client } = openInside({ retention: { messages: 2 } });
  const { id } = await ew.publish("orders", 0);
  for (let n = 1; n < 5; n++) await ew.publish("orders", n);
  const orders = client.channel("orders", { from: id });
  const gap = new Promise<Gap>((resolve) => void orders.on("gap", resolve));
  orders.on("message", () => {});
  expect((await gap).why).toBe("trimmed");
});

const WAIT = { timeout: 20_000 };

function openInside(options: NodeEitherwayOptions, transport: TransportName = "sse") {
  const ew = eitherway({ logger: witnessed(), ...options });
  onTestFinished(() => ew.close());
  const inside: Fetch = (url, init) => ew.fetch(new Request(url, init));
  const client = createClient({ url: "http://localhost/eitherway", token: "inside", transport, fetch: inside });
  onTestFinished(() => client.close());
  return { ew, client };
}
