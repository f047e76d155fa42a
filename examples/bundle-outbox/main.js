/** Publishes that survive a reload and days offline. `npm run sizes` says what the store adds to a page. */
import { createClient } from "eitherway/client";
import { openOutbox } from "eitherway/client/outbox";

const store = await openOutbox({ name: "ana" });
const client = createClient({ url: "/eitherway", outbox: { store } });

client.on("outcome", ({ data, error }) => console.log(data, error ? error.code : "is stored"));
for (const { data } of client.pending()) console.log(data, "waits since an earlier visit");

await client.channel("room/42").publish({ text: "hi" });
