/**
 * What is measured, as data. `batch` messages are published to each channel in one event-loop turn; `window` is how many such
 * batches may be on their way, so that servers are busy and no link is more than 64 KiB behind.
 *
 * Smoke runs play the last variant of each scenario: it is the one that does most.
 */

/**
 * @typedef {import("./lib/types.js").DialectName} DialectName
 *
 * @typedef {object} Size
 * @property {number} links
 * @property {number} warmupMs
 * @property {number} windowMs of storms and resumes: not used, they last until all links were open
 * @property {number} [channels] default: 1; the links are spread over them evenly
 * @property {number} [perLink] channels of each link; default: 1
 * @property {number} [idleChannels] others that have a message each, and nobody listens
 * @property {number} [messages] of kept: to each idle channel on top of its first one
 *
 * @typedef {object} Variant
 * @property {string} name
 * @property {number} [batch]
 * @property {number} [window]
 * @property {number} [inFlight] of each client of a relay
 * @property {number} [rate] messages a second
 * @property {number} [frozen] links that stop reading at once; they come on top
 * @property {number} [missed] messages that each link is behind when it comes
 * @property {Partial<Size>} [full] where it differs from the scenario's
 *
 * @typedef {object} Scenario
 * @property {string} name as in `--only`
 * @property {string} title
 * @property {"burst" | "steady" | "relay" | "idle" | "storm" | "resume" | "kept"} kind
 * @property {string} unit what CPU is counted by
 * @property {readonly (DialectName | "mixed")[]} dialects mixed: links take turns with all that the peer has
 * @property {readonly Variant[]} variants
 * @property {string} [note] what is to be known of its figures
 * @property {Size} full
 * @property {Size} smoke
 * @property {readonly string[]} [peers] default: all that speak one of the dialects
 * @property {number} [rounds] where the scenario needs more than others, or says enough with fewer
 * @property {boolean} [together] variants are compared to each other, so rounds go over all of them in turn
 * @property {number} [heartbeatMs] default: each peer's own
 * @property {number} [nodes] over one Redis: the first one publishes, the links are those of the others
 * @property {boolean} [byTime] servers that wait for something are compared by the time that passes; default: by their CPU
 */

const SMOKE = { links: 4, warmupMs: 50, windowMs: 150 };
const TIMES = { warmupMs: 800, windowMs: 1_500 };

/** @type {readonly Variant[]} */
const ONE_AND_TEN = [
  { name: "1 a turn", batch: 1, window: 8 },
  { name: "10 a turn", batch: 10, window: 4 },
];

const NODES = 3;
const ACROSS_NODES = ["eitherway", "socket.io", "socket.io-streams"];
const BROKERS = [
  "eitherway",
  "eitherway-file-always",
  "eitherway-file-interval",
  "eitherway-file-never",
  "eitherway-redis",
  "eitherway-workers",
];

/** @type {readonly Scenario[]} */
export const SCENARIOS = [
  {
    name: "fan-out",
    title: "One channel, 1,000 subscribers",
    kind: "burst",
    unit: "delivery",
    dialects: ["websocket", "binary", "sse"],
    variants: [...ONE_AND_TEN, { name: "100 a turn", batch: 100, window: 2 }],
    full: { links: 1_000, ...TIMES },
    smoke: SMOKE,
  },
  {
    name: "steady",
    title: "One channel, 1,000 subscribers, 100 messages a second; times from when a message was due",
    kind: "steady",
    unit: "delivery",
    dialects: ["websocket", "sse"],
    variants: [{ name: "100 a second", rate: 100 }],
    full: { links: 1_000, ...TIMES },
    smoke: SMOKE,
  },
  {
    name: "relay",
    title: "500 rooms of two clients, each publishes; acknowledged with an id and delivered to both",
    kind: "relay",
    unit: "message",
    dialects: ["websocket"],
    variants: [
      { name: "1 in flight", inFlight: 1 },
      { name: "4 in flight", inFlight: 4 },
    ],
    full: { links: 1_000, channels: 500, ...TIMES },
    smoke: { ...SMOKE, channels: 2 },
  },
  {
    name: "several",
    title: "1,000 links, each in 3 of 20 channels that all publish in the same turn",
    kind: "burst",
    unit: "delivery",
    dialects: ["websocket", "sse"],
    variants: ONE_AND_TEN,
    full: { links: 1_000, channels: 20, perLink: 3, ...TIMES },
    smoke: { ...SMOKE, channels: 4, perLink: 3 },
  },
  {
    name: "channels",
    title: "1,900 channels of 10 subscribers, all publish in the same turn", // 2,000 would be more than 20,000 descriptors
    kind: "burst",
    unit: "delivery",
    dialects: ["websocket", "sse"],
    variants: [{ name: "1 a turn", batch: 1, window: 2 }],
    full: { links: 19_000, channels: 1_900, ...TIMES },
    smoke: { ...SMOKE, channels: 2 },
  },
  {
    name: "growth",
    title: "One channel, 1 message a turn; compare to the C server of the same variant",
    kind: "burst",
    unit: "delivery",
    dialects: ["websocket"],
    variants: [
      { name: "100 subscribers", batch: 1, window: 8, full: { links: 100 } },
      { name: "10,000 subscribers", batch: 1, window: 2, full: { links: 10_000 } },
      { name: "100,000 idle channels", batch: 1, window: 8, full: { links: 1_000, idleChannels: 100_000 } },
    ],
    full: { links: 1_000, ...TIMES },
    smoke: { ...SMOKE, idleChannels: 10 },
    peers: ["eitherway", "ws", "socket.io", "uws", "c"],
  },
  {
    name: "mixed",
    title: "One channel, 1,000 subscribers over five transports",
    kind: "burst",
    unit: "delivery",
    dialects: ["mixed"],
    variants: ONE_AND_TEN,
    full: { links: 1_000, ...TIMES },
    smoke: { ...SMOKE, links: 10 },
    peers: ["eitherway"],
  },
  {
    name: "idle",
    title: "15,000 links, each in its own channel, that only answer heartbeats every 15 s",
    kind: "idle",
    unit: "link",
    dialects: ["websocket", "sse"],
    variants: [{ name: "15,000 links" }],
    full: { links: 15_000, channels: 15_000, warmupMs: 1_000, windowMs: 15_000 },
    smoke: { ...SMOKE, channels: 4 },
    rounds: 2,
    heartbeatMs: 15_000,
  },
  {
    name: "storm",
    title: "4,000 links that open, subscribe and close, 50 at once, after as many before",
    kind: "storm",
    unit: "link",
    dialects: ["websocket", "sse"],
    variants: [{ name: "50 at once" }],
    full: { links: 8_000, warmupMs: 300, windowMs: 0 },
    smoke: { links: 40, warmupMs: 10, windowMs: 0 },
  },
  {
    name: "resume",
    title: "10,000 clients come back with their cursors, 50 at once",
    kind: "resume",
    unit: "link",
    dialects: ["websocket", "sse"],
    variants: [
      { name: "at the head", missed: 0 },
      { name: "100 behind", missed: 100 },
    ],
    full: { links: 10_000, warmupMs: 300, windowMs: 0 },
    smoke: { links: 40, warmupMs: 10, windowMs: 0 },
    peers: ["eitherway"],
    together: true,
  },
  {
    name: "frozen",
    title: "One channel, 200 subscribers, 250 messages a second, without and with one more that never reads",
    kind: "steady",
    unit: "delivery",
    dialects: ["websocket", "sse"],
    variants: [
      { name: "none frozen", rate: 250 },
      { name: "one frozen", rate: 250, frozen: 1 },
    ],
    full: { links: 200, warmupMs: 500, windowMs: 4_500 }, // 230 kB: the kernel takes about 150, and Eitherway's limit is 66
    smoke: SMOKE,
    peers: ["eitherway", "ws"],
    rounds: 11, // its goals want 9, and others may disturb two
    together: true,
  },
  {
    name: "nodes",
    title:
      "Three nodes over one Redis, all on one CPU: one publishes to 10 channels, 300 subscribers are on the two others",
    kind: "burst",
    unit: "delivery",
    dialects: ["websocket"],
    variants: ONE_AND_TEN,
    full: { links: 300, channels: 10, ...TIMES },
    smoke: { ...SMOKE, channels: 2 },
    peers: ACROSS_NODES,
    nodes: NODES,
    note: "CPU is that of all nodes and of Redis, whose own part is the column `store`; so a second of it delivers as many messages as stand under `a second`. The peers\npromise other things. Eitherway appends each message to a log in Redis under an id, in one order for all, and repairs what pub/sub loses by reading. Socket.IO's\nadapter publishes and keeps nothing: at most once, no ids, no resume. Its adapter for Redis Streams keeps one stream of all rooms, and clients that come back in time resume.",
  },
  {
    name: "nodes-steady",
    title: "The same with one channel and 20 messages a second; times from when a message was due",
    kind: "steady",
    unit: "delivery",
    dialects: ["websocket"],
    variants: [{ name: "20 a second", rate: 20 }],
    full: { links: 300, ...TIMES, windowMs: 3_000 },
    smoke: SMOKE,
    peers: ACROSS_NODES,
    nodes: NODES,
  },
  {
    name: "brokers",
    title:
      "One node, 1 subscriber a channel, 10 messages to each channel in a turn; a broker's own processes are counted",
    kind: "burst",
    unit: "message",
    dialects: ["websocket"],
    variants: [
      { name: "1 channel", batch: 10, window: 4, full: { links: 1, channels: 1 } },
      { name: "64 channels", batch: 10, window: 4, full: { links: 64, channels: 64 } },
    ],
    full: { links: 1, ...TIMES },
    smoke: { ...SMOKE, channels: 4 },
    peers: BROKERS,
    byTime: true,
    note: "`of ours`: the time of a message over that with the broker in memory. At most 40 messages of a channel are on their way, so one channel shows how long a\nbroker takes for a batch, and 64 show how many it takes. CPU is the node's and that of processes that its broker has: Redis, the primary of the worker.",
  },
  {
    name: "kept",
    title: "1,000 channels with a message each, then 60 more in each, then all watched by the node",
    kind: "kept",
    unit: "channel",
    dialects: ["websocket"],
    variants: [{ name: "1,000 channels" }],
    full: { links: 0, warmupMs: 0, windowMs: 0, idleChannels: 1_000, messages: 60 },
    smoke: { links: 0, warmupMs: 0, windowMs: 0, idleChannels: 20, messages: 5 },
    peers: ["eitherway", "eitherway-file-never", "eitherway-redis"],
    note: "Differences of what lives after two forced collections, heap and external memory, over the number of channels or messages; a channel's figure\nholds its first message, and each message 128 bytes of payload. Collections differ by some 300 kB, which is 300 bytes a channel. The store is Redis by\nits `used_memory`, and a channel's first message there takes a whole node of a stream, some 4 kB; the file broker's logs are on disk, in pages that the system caches.",
  },
];

/** Of a run that nobody asked more of: what most servers do all day, and what happens when they start anew. */
export const DEFAULT_SCENARIOS = ["fan-out", "steady", "relay", "storm", "resume"];
