/** Breaks of presence, at both ends. */

/** @type {readonly import("./mutants-list.js").Mutant[]} */
export const mutantsOfPresence = [
  {
    title: "a closed link is a leave",
    file: "core/session.ts",
    search: "this.#letGo?.();",
    replace: 'this.#letGo?.();\n    if (this.#letGo) void this.#hub.presence.leave("room", this.#who);',
    tests: ["core/presence.test.ts", "core/presence-model.test.ts"],
  },
  {
    title: "a member leaves with the first of its clients",
    file: "core/memory-presence.ts",
    search: "if (member.holders.size === 0) setState(member, undefined);",
    replace: "setState(member, undefined);",
    tests: ["core/memory-broker.test.ts"],
  },
  {
    title: "the list of members is ahead of what the log says",
    file: "core/memory-presence.ts",
    search: "if (told !== undefined) members.push({ member: name, state: told });",
    replace:
      "const now = places.get(log)?.members.get(name)?.state ?? told;\n        if (now !== undefined) members.push({ member: name, state: now });",
    tests: ["core/memory-broker.test.ts"],
  },
  {
    title: "a client that is present does not enter again over a new link",
    file: "client/typed/presence.ts",
    search: "seam.links.add(renew);",
    replace: "seam.links.add(() => {});",
    tests: ["client/presence.test.ts"],
  },
];
