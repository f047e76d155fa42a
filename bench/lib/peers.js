/** All adapters, in the order of the tables: Eitherway first, the limits last. */
import { peer as bare } from "../peers/bare.js";
import { peer as betterSse } from "../peers/better-sse.js";
import { peer as bun } from "../peers/bun.js";
import { peer as c } from "../peers/c.js";
import { peer as cMessage } from "../peers/c-message.js";
import { peer as eitherway } from "../peers/eitherway.js";
import { peer as eitherwayAttached } from "../peers/eitherway-attached.js";
import { peers as eitherwayBrokers } from "../peers/eitherway-brokers.js";
import { peer as nchan } from "../peers/nchan.js";
import { peer as nodeSse } from "../peers/node-sse.js";
import { peer as socketIo } from "../peers/socket.io.js";
import { peer as socketIoRecovery } from "../peers/socket.io-recovery.js";
import { peer as socketIoStreams } from "../peers/socket.io-streams.js";
import { peer as socketCluster } from "../peers/socketcluster.js";
import { peer as uws } from "../peers/uws.js";
import { peer as ws } from "../peers/ws.js";

/** The peer to which all others are compared. */
export const OURS = eitherway.name;

/** The same beside an application. */
export const OURS_ATTACHED = eitherwayAttached.name;

/** @type {readonly import("./types.js").Peer[]} */
export const PEERS = [
  eitherway,
  eitherwayAttached,
  ...eitherwayBrokers,
  ws,
  socketIo,
  socketIoRecovery,
  socketIoStreams,
  socketCluster,
  betterSse,
  nodeSse,
  uws,
  bun,
  nchan,
  bare,
  c,
  cMessage,
];

/** Of a run that nobody asked more of. */
export const DEFAULT_PEERS = ["eitherway", "ws", "socket.io", "better-sse", "uws", "bun"];
