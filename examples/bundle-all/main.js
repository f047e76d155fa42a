/** The client as most use it: every transport, and the choice among them. `npm run sizes` says what a browser loads for it. */
import { createClient } from "eitherway/client";

const client = createClient({ url: "/eitherway" });
const room = client.channel("room/42");

room.on("message", (data, { id }) => console.log(id, data));
room.on("gap", ({ why }) => console.log("messages are missing:", why));
client.on("status", ({ state, transport, why }) => console.log(state, transport, why));

await room.publish({ text: "hi" });
