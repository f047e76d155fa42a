/** Breaks of who may have how many links, how fast commands may come, and of what is refused before it is a request. */

/** @type {readonly import("./mutants-list.js").Mutant[]} */
export const mutantsOfLimits = [
  // --- seats ---
  {
    title: "an address has one link more than the limit says",
    file: "core/seats.ts",
    search: "(networks.get(network) ?? 0) >= limits.addressLinks",
    replace: "(networks.get(network) ?? 0) > limits.addressLinks",
    tests: ["core/seats.test.ts"],
  },
  {
    title: "a user's seat is never free again",
    file: "core/seats.ts",
    search: "if (user !== undefined) add(users, user, -1);",
    replace: "",
    tests: ["core/seats.test.ts"],
  },
  {
    title: "whoever has a /64 of IPv6 has a share for each address in it",
    file: "core/network-of.ts",
    search: "const NETWORK_GROUPS = 4;",
    replace: "const NETWORK_GROUPS = 8;",
    tests: ["core/network-of.test.ts", "core/seats.test.ts"],
  },
  {
    title: "a socket that goes before its hello keeps its seat",
    file: "transports/websocket.ts",
    search: "this.#hub.seats.free({ remote: this.#remote });",
    replace: "if (this.#session) this.#hub.seats.free({ remote: this.#remote });",
    tests: ["transports/seats.test.ts", "transports/websocket.test.ts"],
  },

  // --- rates ---
  {
    title: "a rate's bucket holds whatever has come in since it was used last",
    file: "core/rate.ts",
    search: "return Math.max(fullAt, now) + (count",
    replace: "return fullAt + (count",
    tests: ["core/rate.test.ts"],
  },
  {
    title: "a rate is not kept to: a link is read on whatever it owes",
    file: "core/session.ts",
    search: " || this.#pace?.isOver === true;",
    replace: ";",
    tests: ["core/command-rates.test.ts"],
  },
  {
    title: "a rate is kept to for ever: a link is not read again",
    file: "core/pace.ts",
    search: "this.#ignoring = 0;\n    this.#session.checkReading();",
    replace: "this.#ignoring = 0;",
    tests: ["core/command-rates.test.ts"],
  },
  {
    title: "a rate of one user is one of each link",
    file: "core/command-rates.ts",
    search: "(user === undefined ? 0 : users.spend(user, count))",
    replace: "0 * count",
    tests: ["core/command-rates.test.ts"],
  },
  {
    title: "a rate of one client is used up by whoever takes its id",
    file: "core/command-rates.ts",
    search: 'const { user, client, remote = "" } = who;',
    replace: 'const { user, client, remote = "" } = { ...who, remote: "" };',
    tests: ["core/command-rates.test.ts"],
  },
  {
    title: "a rate is looked at when a batch has been done",
    file: "transports/commands.ts",
    search: "  hub.spend(who, commands.length + announced.length);\n  const outcomes = await hub.run(commands, who);",
    replace: "  const outcomes = await hub.run(commands, who);\n  hub.spend(who, commands.length + announced.length);",
    tests: ["transports/commands.test.ts"],
  },

  {
    title: "a hello costs nothing: whoever reconnects reads all that is kept for free",
    file: "core/command-rates.ts",
    search: "users.spend(user, channels);",
    replace: "",
    tests: ["core/command-rates.test.ts"],
  },
  {
    title: "a hello has no debt: a user who sends as fast as he may is kept out",
    file: "core/command-rates.ts",
    search: "users.waitMs(user) - helloDebtMs",
    replace: "users.waitMs(user)",
    tests: ["core/command-rates.test.ts"],
  },
  {
    title: "a hello that is refused for its rate is not told for how long",
    file: "transports/websocket.ts",
    search: "this.close(error.code, error.message, afterOf(error));",
    replace: "this.close(error.code, error.message);",
    tests: ["transports/websocket.test.ts"],
  },

  {
    title: "a hello may be answered with as many refusals as it has names",
    file: "core/subscriptions.ts",
    search: "if (count <= most + REFUSED_AT_ONCE) return undefined;",
    replace: "if (count > 0) return undefined;",
    tests: ["core/session.test.ts"],
  },

  // --- unfinished messages ---
  {
    title: "unfinished messages: a link that asks for more goes in place of the one that holds it",
    file: "transports/unfinished-messages.ts",
    search: "buffers.keys().next().value",
    replace: "[...buffers.keys()].at(-1)",
    tests: ["transports/websocket-reader.test.ts"],
  },
  {
    title: "unfinished messages: those of a link that closed are counted for ever",
    file: "node/upgraded-socket.ts",
    search: "if (this.unfinished !== undefined) this.#settings.unfinished.free(this);",
    replace: "",
    tests: ["node/upgraded-socket.test.ts"],
  },
  {
    title: "unfinished messages: the usual ones are given up as well",
    file: "transports/unfinished-messages.ts",
    search: "if (bytes <= SMALL_BYTES) return;",
    replace: "",
    tests: ["transports/websocket-reader.test.ts"],
  },
  {
    title: "unfinished messages: one that became whole is counted for ever",
    file: "transports/websocket-reader.ts",
    search: "    peer.unfinished = undefined;\n    all.free(peer);",
    replace: "    peer.unfinished = undefined;",
    tests: ["transports/websocket-reader.test.ts"],
  },

  // --- issuers that fail ---
  {
    title: "an issuer that fails is told of again with every token",
    file: "server/authenticator.ts",
    search: "if (lastFailure === cause) return;",
    replace: "",
    tests: ["attacks/tokens.test.ts"],
  },

  // --- what is no request ---
  {
    title: "no request: what Node refuses is not counted",
    file: "node/unread-requests.ts",
    search: "if (error) metrics.count(",
    replace: "if (error) void (",
    tests: ["node/node-server.test.ts"],
  },
  {
    title: "no request: the application's own answer is taken from it",
    file: "node/unread-requests.ts",
    search: 'server.listeners("clientError").some((other) => !ours.has(other))',
    replace: "server.listening === false",
    tests: ["node/node-server.test.ts"],
  },
  {
    title: "no request: a refusal is written into an answer that has begun",
    file: "node/unread-requests.ts",
    search: " && answering(socket)?.headersSent !== true",
    replace: "",
    tests: ["node/node-server.test.ts"],
  },
  {
    title: "no request: a server that was given back goes on to be answered for",
    file: "node/attach.ts",
    search: "    stopRefusing();\n",
    replace: "",
    tests: ["node/node-server.test.ts"],
  },
];
