/** Eitherway as most applications have it: beside their own routes, on their own HTTP server. Only a new link costs otherwise there. */
import { nodeServer } from "../lib/npm-peer.js";
import { peer as standalone } from "./eitherway.js";

const { websocket, sse } = standalone.dialects;

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  ...standalone,
  name: "eitherway-attached",
  title: "Eitherway, attached",
  note: "the same, attached to the node:http server of an application",
  command: nodeServer("eitherway", { attached: true }),
  scenarios: ["storm"],
  dialects: { ...(websocket && { websocket }), ...(sse && { sse }) },
};
