/** Breaks of the protocol, the core, the transports and the server. */

/** @type {readonly import("./mutants-list.js").Mutant[]} */
export const mutantsOfServer = [
  // --- protocol ---
  {
    title: "an id names two messages: neighbouring seqs are written alike",
    file: "protocol/ids.ts",
    search: "const low = seq % PAIR_COUNT;",
    replace: "const low = (seq - (seq % 2)) % PAIR_COUNT;",
    tests: ["protocol/ids.test.ts"],
  },
  {
    title: "JSON one level deeper than the limit is let in",
    file: "protocol/payload.ts",
    search: "if (++depth > most) {",
    replace: "if (depth++ > most) {",
    tests: ["protocol/payload.test.ts"],
  },
  {
    title: "the binary framing does not declare skipped ids",
    file: "protocol/binary-server-codec.ts",
    search: "const { event, from, at, skipped, payload } = message;",
    replace: "const { event, from, at, payload } = message;\n  const skipped = 0;",
    tests: ["protocol/binary-codec.test.ts"],
  },
  {
    title: "a reader of an event stream goes on after a block that was cut in the middle",
    file: "protocol/sse-decoder.ts",
    search: '!value.includes("\\0")) id = value;',
    replace: '!value.includes("\\0")) lastEventId = id = value;',
    tests: ["protocol/sse-decoder.test.ts"],
  },

  // --- log and broker ---
  {
    title: "epochs are compared by order: an older life of a log is continued",
    file: "core/log.ts",
    search: 'if (position.epoch !== this.epoch) return this.#gap("epoch");',
    replace: 'if (position.epoch > this.epoch) return this.#gap("epoch");',
    tests: ["core/log.test.ts", "core/memory-broker.test.ts"],
  },
  {
    title: "collapsed ids are not declared",
    file: "core/log.ts",
    search: "return skipped === 0 ? message : { ...message, skipped };",
    replace: "return skipped === 0 ? message : { ...message, skipped: 0 };",
    tests: ["core/log.test.ts"],
  },
  {
    title: "a trimmed cursor is continued without a gap",
    file: "core/log.ts",
    search: 'if (after !== "start" && position.seq < this.#lost) return this.#gap("trimmed");',
    replace: "",
    tests: ["core/log.test.ts"],
  },
  {
    title: "an epoch comes again when the wall clock steps back",
    file: "core/memory-broker.ts",
    search: "lastEpochAt = Math.max(clock.wall(), lastEpochAt + 1);",
    replace: "lastEpochAt = clock.wall();",
    tests: ["core/memory-broker.test.ts"],
  },
  {
    title: "a wall clock that is set trims the logs",
    file: "core/memory-broker.ts",
    search: "const message = log.append(draft, clock.wall(), now);",
    replace: "const message = log.append(draft, clock.wall(), clock.wall());",
    tests: ["core/memory-broker.test.ts"],
  },
  {
    title: "a log goes before the keys of its commands",
    file: "core/memory-broker.ts",
    search: "const lifeMs = Math.max(retention.ageMs, keyWindowMs) + TOUCH_MS;",
    replace: "const lifeMs = Math.min(retention.ageMs, keyWindowMs) + TOUCH_MS;",
    tests: ["core/memory-broker.test.ts"],
  },
  {
    title: "the store takes more than limits.logBytes",
    file: "core/memory-broker.ts",
    search: "if (logBytes + bytes > limits.logBytes && ",
    replace: "if (bytes > limits.logBytes && ",
    tests: ["core/memory-broker-limits.test.ts"],
  },
  {
    title: "a key is forgotten: its command is applied twice",
    file: "core/memory-broker.ts",
    search: "if (place) keys.keep(place, print, message.seq, now);",
    replace: "",
    tests: ["core/memory-broker.test.ts"],
  },
  {
    title: "a key window that the bound has shortened is told as the whole one",
    file: "core/key-memory.ts",
    search: "Math.floor(Math.min(windowMs, now - forgottenUntil))",
    replace: "Math.floor(Math.max(windowMs, now - now))",
    tests: ["core/memory-broker-limits.test.ts"],
  },

  // --- subscriptions ---
  {
    title: "a message is dropped between the last page and live",
    file: "core/topic.ts",
    search: "if (this.#epoch !== undefined && seq < this.#floor()) return false;",
    replace: "",
    tests: ["core/join.test.ts"],
  },
  {
    title: "a message is doubled for who has read part of a run already",
    file: "core/topic.ts",
    search: "if (stands === before) {",
    replace: "if (stands >= before) {",
    tests: ["core/join.test.ts"],
  },
  {
    title: "a flush writes to a link that is full",
    file: "core/topic.ts",
    search: "if (subscriber.full || stands < before) {",
    replace: "if (stands < before) {",
    tests: ["core/subscription.test.ts"],
  },
  {
    title: "a page is shared with readers of later turns",
    file: "core/topic.ts",
    search: "if (this.#pages.size === 0) this.#owner.clock.defer(() => this.#pages.clear());",
    replace: "",
    tests: ["core/join.test.ts"],
  },
  {
    title: "a gap is swallowed",
    file: "core/subscription.ts",
    search: 'this.subscriber.writeFrame({ t: "gap", channel: this.topic.channel, why: page.why, oldest, head });',
    replace: "void [oldest, head];",
    tests: ["core/subscription.test.ts"],
  },
  {
    title: "a slow reader loses its place and goes on at the head",
    file: "core/subscription.ts",
    search: "const page = await this.topic.read(this.cursor);",
    replace: 'const page = await this.topic.read(this.epoch === undefined ? this.cursor : "now");',
    tests: ["core/subscription.test.ts"],
  },

  // --- commands and limits ---
  {
    title: "a command overtakes one of its channel that failed for now",
    file: "core/session.ts",
    search: "if (first && first.key !== key) {",
    replace: "if (first && first.key === undefined) {",
    tests: ["core/session.test.ts"],
  },
  {
    title: "commands of a request go on after one that failed for now",
    file: "core/hub.ts",
    search: "if (!receipt.ok && isRetryable(receipt.error.code)) return answers;",
    replace: "",
    tests: ["core/hub.test.ts"],
  },
  {
    title: "a peer that takes no answers is read from all the same",
    file: "core/session.ts",
    search: "const pause = this.full || ",
    replace: "const pause = ",
    tests: ["core/backpressure.test.ts"],
  },
  {
    title: "a publish overtakes those that wait for room",
    file: "core/room.ts",
    search: "if (waiting.length === 0 && used + entered < most) {",
    replace: "if (used + entered < most || waiting.length > 1) {",
    tests: ["core/room.test.ts", "core/flush.test.ts"],
  },
  {
    title: "one link more than limits.links is taken",
    file: "core/hub.ts",
    search: "sessions.size >= limits.links",
    replace: "sessions.size > limits.links",
    tests: ["core/hub.test.ts"],
  },
  {
    title: "a message over limits.messageBytes is taken",
    file: "core/hub.ts",
    search: "if (bytes <= messageBytes) return undefined;",
    replace: "if (bytes <= 2 * messageBytes) return undefined;",
    tests: ["core/session.test.ts", "core/hub.test.ts"],
  },

  // --- transports and server ---
  {
    title: "Last-Event-ID is ignored",
    file: "transports/events.ts",
    search: 'const lastEventId = exchange.header("last-event-id");',
    replace: 'const lastEventId = exchange.header("last-event-ids");',
    tests: ["transports/events.test.ts"],
  },
  {
    title: "a WebSocket message of 126 bytes announces its length wrongly",
    file: "transports/websocket-frame.ts",
    search: "const LONGEST_SHORT = 125;",
    replace: "const LONGEST_SHORT = 126;",
    tests: ["transports/websocket-frame.test.ts"],
  },
  {
    title: "a body over its limit is kept",
    file: "node/request-body.ts",
    search: "      if (size > most) {\n        forget();",
    replace: "      if (size > most + DISCARD_BYTES) {\n        forget();",
    tests: ["node/http-exchange.test.ts"],
  },
  {
    title: "pages of any origin may use the server",
    file: "server/access.ts",
    search: "} else if (!isForeignButAllowed(origin) && origin !== ownOrigin(request)) {",
    replace: '} else if (origin === "") {',
    tests: ["server/access.test.ts"],
  },
  {
    title: "a rebound host name is answered",
    file: "server/access.ts",
    search: "if (!insecure && !isLoopbackHost(host)) throw hostRefused(host);",
    replace: "if (!insecure && host === undefined) throw hostRefused(host);",
    tests: ["server/access.test.ts"],
  },
];
