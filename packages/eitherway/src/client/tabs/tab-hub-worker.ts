/** The script of the shared worker: every page that opens it is one port. */
import { createMessagePort } from "./port.ts";
import type { ToHub, ToTab } from "./tab-wire.ts";
import { createWebHubHost } from "./web-hub-host.ts";

const host = createWebHubHost();

addEventListener("connect", (event) => {
  const [port] = (event as MessageEvent).ports;
  if (port) host.accept(createMessagePort<ToHub, ToTab>(port));
});
