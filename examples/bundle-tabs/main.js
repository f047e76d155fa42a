/** One connection for all tabs. `npm run sizes` says what sharing adds to a page, and what its worker loads. */
import { createClient } from "eitherway/client";
import { shareTabs } from "eitherway/client/tabs";

const share = shareTabs({
  user: "ana",
  // Bundlers that find workers by themselves need no option; with the others the worker is a bundle of its own.
  worker: () => new SharedWorker("/worker.js", { type: "module", name: "eitherway" }),
});
const client = createClient({ url: "/eitherway", share });

client.channel("room/42").on("message", (data, { id }) => console.log(id, data));
document.querySelector("#logout")?.addEventListener("click", () => share.logout());
