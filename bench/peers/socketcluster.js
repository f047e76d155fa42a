/** SocketCluster: publish and subscribe on Node with a protocol of its own. */
import { upgrade } from "../lib/handshakes.js";
import { nodeServer, npmPackage } from "../lib/npm-peer.js";

/** @typedef {import("../lib/types.js").LinkVariables} LinkVariables */

/** @type {import("../lib/types.js").Peer} */
export const peer = {
  name: "socketcluster",
  title: "SocketCluster",
  note: "exchange.transmitPublish; its defaults",
  ...npmPackage("socketcluster-server"),
  command: nodeServer("socketcluster"),
  publisher: "control",
  dialects: {
    websocket: {
      websocket: true,
      steps: [
        upgrade("/socketcluster/"),
        { send: '{"event":"#handshake","data":{},"cid":1}', as: "text", expect: '"rid":1' },
        { send: subscribe, as: "text", expect: '"rid":', each: true },
      ],
      heartbeat: { ping: "", pong: "", as: "text" },
    },
  },
};

/** A frame may hold several packets. @param {LinkVariables} link */
function subscribe({ channels }) {
  return JSON.stringify(channels.map((channel, nth) => ({ event: "#subscribe", data: { channel }, cid: nth + 2 })));
}
