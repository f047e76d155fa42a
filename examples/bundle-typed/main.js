/** The client of a contract. `npm run sizes` says what a browser loads for it beside `bundle-all`; schemas are their library's. */
import { createClient } from "eitherway/client";
import { channel, contract } from "eitherway/contract";

/** @type {import("eitherway/contract").StandardSchema<unknown, unknown>} */
const anything = { "~standard": { version: 1, vendor: "example", validate: (value) => ({ value }) } };
const app = contract({ room: channel("room/:id", { events: { message: anything } }) });

const client = createClient(app, { url: "/eitherway" });
const room = client.channel("room", { id: "42" });

room.on("message", (data, { id }) => console.log(id, data));
await room.publish("message", { text: "hi" });
