/** Breaks of presence, at both ends. */

/** @type {readonly import("./mutants-list.js").Mutant[]} */
export const mutantsOfPresence = [
  {
    title: "a closed link is a leave",
    file: "core/session.ts",
    search: "this.#letGo?.();",
    replace: 'this.#letGo?.();\n    if (this.#letGo) void this.#hub.presence.leave("room", this.who);',
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
  {
    title: "a hub lets the leases of the members in its tabs end",
    file: "client/tabs/tab-hub.ts",
    search: "await upstream?.renewLease(tab.client);",
    replace: "",
    tests: ["client/tabs/parts.test.ts"],
  },
  {
    title: "a hub keeps a member present whose tab has crashed",
    file: "client/tabs/tab-hub.ts",
    search: "clock.now() - heardAt <= (visible ? VISIBLE_SILENCE_MS : HIDDEN_SILENCE_MS)",
    replace: "(visible || heardAt >= 0)",
    tests: ["client/tabs/parts.test.ts"],
  },
  {
    title: "a hub does not hear that a tab has left",
    file: "client/tabs/tab-hub.ts",
    search: "tab.present = present;",
    replace: "tab.present ||= present;",
    tests: ["client/tabs/parts.test.ts"],
  },
  {
    title: "a tab that enters does not tell its hub",
    file: "client/tabs/tab-transport.ts",
    search: "present: to.who.present === true",
    replace: "present: false",
    tests: ["client/tabs/parts.test.ts"],
  },
];
