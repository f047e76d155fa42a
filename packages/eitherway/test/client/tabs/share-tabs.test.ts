/** Where sharing is worth it, and who is logged out with whom: on a page that the test plays. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { shareTabs } from "../../../src/client/tabs/index.ts";

/** The page of a tab; storage is that of all tabs. */
let page: EventTarget;
let storage: Map<string, string>;

beforeEach(() => {
  page = new EventTarget();
  storage = new Map();
  vi.stubGlobal("addEventListener", page.addEventListener.bind(page));
  vi.stubGlobal("document", Object.assign(new EventTarget(), { visibilityState: "visible" }));
  vi.stubGlobal("SharedWorker", class {});
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => void storage.set(key, value),
  });
});

afterEach(() => void vi.unstubAllGlobals());

/** The page came like that. */
function arrive(
  address: string,
  ...entries: readonly { readonly name: string; readonly nextHopProtocol: string }[]
): void {
  const { protocol, origin } = new URL(address);
  vi.stubGlobal("location", { protocol, origin });
  vi.spyOn(performance, "getEntriesByType").mockImplementation((type) =>
    type === "navigation" ? (entries as unknown as PerformanceEntryList) : [],
  );
}

describe("sharing", () => {
  test.each([
    ["http://app.example/", "http/1.1", true],
    ["https://app.example/", "http/1.1", true],
    ["https://app.example/", "", true], // from a cache: nobody can tell
    ["https://app.example/", "h2", false],
    ["https://app.example/", "h3", false],
  ])("on a page of %s that came over %o is of use: %o", (address, nextHopProtocol, isUseful) => {
    arrive(address, { name: address, nextHopProtocol });
    expect(shareTabs().isUseful()).toBe(isUseful);
    expect(shareTabs({ when: "always" }).isUseful()).toBe(true);
  });

  test("does not go by how other servers are reached", () => {
    arrive("https://app.example/", { name: "https://app.example.other/a.js", nextHopProtocol: "h2" });
    expect(shareTabs().isUseful()).toBe(true);
  });

  test("needs a worker or locks, and pages", () => {
    arrive("http://app.example/");
    vi.stubGlobal("navigator", {});
    expect(shareTabs({ worker: false }).transport.supported()).toBe(false);
    vi.stubGlobal("navigator", { locks: {} });
    expect(shareTabs({ worker: false }).transport.supported()).toBe(true);
    vi.stubGlobal("document", undefined);
    expect(shareTabs().transport.supported()).toBe(false);
  });
});

describe("logging out", () => {
  /** A client that shares, and whether it was ended. */
  function openClient(user: string) {
    const share = shareTabs({ user });
    const client = { share, ended: 0, undo: () => {} };
    client.undo = share.onLogout(() => {
      client.ended++;
    });
    return client;
  }

  test("ends the clients of that user: here at once, elsewhere by the storage that tabs have in common", () => {
    const [here, there, other] = [openClient("ana"), openClient("ana"), openClient("bo")];
    here.share.logout();
    expect([here, there, other].map(({ ended }) => ended)).toEqual([1, 0, 0]);
    page.dispatchEvent(new Event("storage"));
    expect([here, there, other].map(({ ended }) => ended)).toEqual([1, 1, 0]);
    page.dispatchEvent(new Event("storage")); // of something else
    expect([here, there, other].map(({ ended }) => ended)).toEqual([1, 1, 0]);
  });

  test("is found by a page that was away meanwhile", () => {
    const [here, away] = [openClient("ana"), openClient("ana")];
    here.share.logout();
    document.dispatchEvent(new Event("resume"));
    expect(away.ended).toBe(1);
  });

  test("is no matter of who comes later, or has left", () => {
    const [here, left] = [openClient("ana"), openClient("ana")];
    left.undo();
    here.share.logout();
    const later = openClient("ana");
    page.dispatchEvent(new Event("storage"));
    expect([left.ended, later.ended]).toEqual([0, 0]);
  });

  test("works for the own clients where storage is forbidden, and on servers there is nothing to listen to", () => {
    vi.stubGlobal("localStorage", undefined);
    const here = openClient("ana");
    here.share.logout();
    expect(here.ended).toBe(1);
    vi.stubGlobal("document", undefined);
    expect(() => openClient("ana").undo()).not.toThrow();
  });
});
