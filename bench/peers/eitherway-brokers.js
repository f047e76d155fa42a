/** Eitherway with its other brokers, beside the one in memory that it has by default. */
import { nodeServer } from "../lib/npm-peer.js";
import { peer as standalone } from "./eitherway.js";

const { websocket } = standalone.dialects;

/** @type {readonly import("../lib/types.js").Peer[]} */
export const peers = [
  peer("file-always", "file, fsync always", "acknowledged when the disk has it"),
  peer("file-interval", "file, fsync interval", "acknowledged when the system has it, synchronised each second"),
  peer("file-never", "file, fsync never", "acknowledged when the system has it"),
  peer("redis", "Redis", "one node over a Redis that writes nothing to disk"),
  peer("workers", "workers", "one worker over the memory of its primary; both are counted"),
];

/**
 * @param {string} broker
 * @param {string} title
 * @param {string} note
 * @returns {import("../lib/types.js").Peer}
 */
function peer(broker, title, note) {
  return {
    ...standalone,
    name: `eitherway-${broker}`,
    title: `Eitherway, ${title}`,
    note,
    command: nodeServer("eitherway", { broker }),
    scenarios: ["brokers", "kept"],
    dialects: { ...(websocket && { websocket }) },
  };
}
