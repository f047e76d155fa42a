/**
 * What the parts of the benchmark say to each other. Peers (bench/peers/<name>.js) are data: how a server is started and how a
 * client speaks to it. The load generator (bench/load) knows none of them, only bytes, RFC 6455 borders and marks.
 *
 * **Payloads** come from lib/payload.js and nowhere else: exactly 128 bytes of JSON, `{"m":"^1000000001.00017","text":"..."}`.
 * `^` occurs once in a payload and in no envelope; then the number of the message in its channel, from 1000000001, +1 each;
 * then the channel (c17) in five digits, so that a message that reaches a wrong channel is seen.
 * In relays the ten digits are 1, the digit of the sender in its room (0 or 1), and eight digits of that sender's count.
 *
 * **Channels** are named c0, c1, ...
 *
 * **Server programs** listen on 127.0.0.1, print a ServerLine as the first line of stdout, and end when stdin ends.
 * `control` is a TCP port on which lines are read, over any number of connections:
 *
 *     publish <first> <last> <count>   `count` messages to each of the channels c<first>..c<last>, all within one turn of the
 *                                      event loop, by a loop of the peer's ordinary publish call; for each channel its first
 *                                      message, then its second and so on. AT MOST ONE such line is acted on per turn: what
 *                                      came together waits for the next turn, behind what the peer flushes at the end of this
 *                                      one (setImmediate between two lines does it); else "1 a turn" would be 2. No answer.
 *     add <first> <last> <count>       the same, acted on as soon as it is read, several in one turn where they came together:
 *                                      messages that arrive at their own times (open loop). No answer.
 *     stats                            waits for what was published where memory is measured; answers one line of JSON: {"rss":bytes,"heapUsed":bytes,"external":bytes beside the heap,
 *                                      "storeBytes":what the shared store keeps, "delayP99Ms":event-loop delay since the last stats}
 *     gc                               a forced collection, twice; then answers as stats does
 *     watch <first> <last>             the server itself watches these channels; answers when it does, or an empty line
 *                                      where there is no such thing
 *     held                             answers how many bytes wait for the kernel in the socket where most do, or an empty line
 *                                      where that is not known
 *     cursor <channel>                 answers the id of the head, or an empty line where there is none
 *
 * Peers of publisher "http" and relays need no control; `control` is 0 then.
 */

/**
 * @typedef {"websocket" | "binary" | "sse" | "events" | "poll"} DialectName
 *
 * @typedef {object} Peer
 * @property {string} name as in `--peers`: "ws"
 * @property {string} title
 * @property {string} note settings that matter, repack and its date: printed in the report
 * @property {() => Promise<string>} version
 * @property {() => Promise<string | undefined>} missing why it cannot run here
 * @property {(options: ServerOptions) => ServerCommand} command
 * @property {Partial<Record<DialectName, Dialect>>} dialects
 * @property {readonly string[]} [scenarios] in which it takes part; default: all
 * @property {"control" | "http"} publisher http: the load generator posts each message itself, to `publishPath`
 * @property {string} [publishPath] "/pub?id={channel}"
 *
 * @typedef {object} ServerOptions
 * @property {string} scenario its kind: "burst", "relay", ...
 * @property {number} links most at once
 * @property {number} channels c0 to c<channels - 1>
 * @property {number} [nodes] over one Redis: the first publishes, the others have the clients; default: 1, without a Redis
 * @property {number} [heartbeatMs] default: the peer's own
 * @property {boolean} [attached] to a server of the application; of Eitherway
 *
 * @typedef {{ program: string, args: readonly string[], env?: Record<string, string> }} ServerCommand
 *
 * @typedef {object} ServerLine the first line on a server's standard output
 * @property {readonly number[]} ports where clients connect, in turn
 * @property {number} control
 * @property {readonly number[]} pids of the processes to be measured
 * @property {number} [store] of them, the process of the store that the others share
 *
 * @typedef {object} Dialect how a client connects and listens
 * @property {boolean} websocket pings are answered; otherwise bytes are only searched
 * @property {readonly Step[]} steps
 * @property {Heartbeat} [heartbeat] one inside the messages of a WebSocket, as Socket.IO has it
 * @property {Publish} [publish] in relays
 * @property {"json" | "events"} [ids] what stands before ids: `"i":"` at the head of each run, or `id: ` in each message
 * @property {Send} [again] a long-poll: the request that follows each answer (which has a content-length); bytes in which
 *   the text `{cursor}` is left as it is: it becomes the cursor, of 21 bytes, before each request
 *
 * @typedef {object} Step
 * @property {Send} send
 * @property {"raw" | "text" | "binary"} as raw: bytes as they are; the others in one masked WebSocket frame, mask random and not 0
 * @property {Send} expect bytes that say that the step is done; the next one follows
 * @property {boolean} [each] `expect` comes once for every channel of the link
 *
 * A text with variables, or a function that makes text or bytes of them:
 * {channel} the first channel, {channels:json} a JSON array of names, {cursors:json} an object of name to cursor, {cursor} the first one,
 * {client} another one for each link, {host} "127.0.0.1:1234".
 * @typedef {string | ((link: LinkVariables) => string | Uint8Array)} Send
 *
 * @typedef {object} LinkVariables
 * @property {readonly string[]} channels
 * @property {Readonly<Record<string, string>>} cursors for eitherway: "now", "start" or an id
 * @property {string} client
 * @property {string} host
 *
 * @typedef {{ ping: string, pong: string, as: "text" | "binary" }} Heartbeat
 *
 * @typedef {object} Publish
 * @property {string} send {key} (`<client>.<counter>`), {count} (the counter alone), {payload}, {channel}
 * @property {"text" | "binary"} as
 * @property {string} ack bytes that occur once in each acknowledgement and nowhere else
 */

/**
 * @typedef {object} Round what one run of one peer gave
 * @property {boolean} clean nothing else used much of the server's CPU
 * @property {number} otherPercent of that CPU, by others
 * @property {number} deliveries in the window; in a relay published messages, in storms links
 * @property {number} wallS
 * @property {number} userS
 * @property {number} sysS
 * @property {number} cpuS
 * @property {number} [storeS] of cpuS, what the store took that servers share
 * @property {number} bytes received in the window
 * @property {number} [p50Ms]
 * @property {number} [p99Ms]
 * @property {number} [p999Ms]
 * @property {number} [maxMs]
 * @property {number} [rssPerLink]
 * @property {number} [heapPerLink]
 * @property {number} [nodePerChannel] of kept runs: heap and external memory of the node, and what the store counts
 * @property {number} [nodePerMessage]
 * @property {number} [nodePerWatch]
 * @property {number} [storePerChannel]
 * @property {number} [storePerMessage]
 * @property {number} [held] most bytes that one socket of the server held at any sample within the window
 * @property {number} [delayP99Ms]
 * @property {number} [loadPercent] of its own CPU that the load generator needed, polls in vain left out: near 100 it was the bottleneck
 * @property {number} [links] live ones, of idle runs
 * @property {string} [void] why nothing of it counts
 *
 * @typedef {object} Cell
 * @property {string} scenario
 * @property {string} variant
 * @property {string} peer
 * @property {string} dialect its name, or "mixed" where links take turns with all of them
 * @property {string} [skipped] why
 * @property {Round[]} rounds
 *
 * @typedef {object} Machine
 * @property {string} cpu
 * @property {number} cores
 * @property {number} memory bytes
 * @property {string} kernel
 * @property {string} node
 * @property {string} os
 * @property {boolean} pinned server on CPU 0, load on CPU 1
 *
 * @typedef {object} Results
 * @property {Machine} machine
 * @property {string} startedAt
 * @property {Record<string, { title: string, version: string, note: string }>} peers
 * @property {Cell[]} cells
 */

export {};
