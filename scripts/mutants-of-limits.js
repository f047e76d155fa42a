/** Breaks of who may have how many links, and how fast commands may come. */

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
];
