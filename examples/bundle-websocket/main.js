/** The smallest client: one transport, named. `npm run sizes` says what a browser loads for it. */
import { createClient, webSocket } from "eitherway/client/core";

const client = createClient({ url: "/eitherway", transports: [webSocket] });
const room = client.channel("room/42");

room.on("message", (data, { id }) => console.log(id, data));
room.on("gap", ({ why }) => console.log("messages are missing:", why));

await room.publish({ text: "hi" });
