/** What a client hears of its device, on targets that stand for a page, a worker and Node; test/browser/sleep.test.ts has the real ones. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { webWakeups } from "../../src/client/wakeups.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a page", () => {
  test("is put away by a freeze and by a pagehide that keeps it, and by nothing else", () => {
    const { window, document, heard } = startPage();
    window.dispatchEvent(transition("pagehide", false)); // it goes for good
    expect(heard).toEqual([]);
    window.dispatchEvent(transition("pagehide", true));
    document.dispatchEvent(new Event("freeze"));
    expect(heard).toEqual(["asleep", "asleep"]);
  });

  test("comes to life when it is shown from the cache, resumed, visible, or online", () => {
    const { window, document, heard } = startPage();
    window.dispatchEvent(transition("pageshow", true));
    document.dispatchEvent(new Event("resume"));
    document.dispatchEvent(new Event("visibilitychange"));
    window.dispatchEvent(new Event("online"));
    expect(heard).toEqual(["woken", "woken", "woken", "woken"]);
  });

  test("is neither woken by loading nor by hiding, and going offline closes nothing", () => {
    const { window, document, heard } = startPage();
    window.dispatchEvent(transition("pageshow", false));
    document.visibilityState = "hidden";
    document.dispatchEvent(new Event("visibilitychange"));
    window.dispatchEvent(new Event("offline"));
    expect(heard).toEqual([]);
  });

  test("is woken by another network, not by another estimate of its speed", () => {
    const { connection, heard } = startPage();
    connection.dispatchEvent(new Event("change"));
    expect(heard).toEqual([]);
    connection.type = "cellular";
    connection.dispatchEvent(new Event("change"));
    connection.dispatchEvent(new Event("change"));
    expect(heard).toEqual(["woken"]);
  });

  test("listens to nothing that forbids the back/forward cache, such as unload", () => {
    const { listening } = startPage();
    const harmless = ["change", "freeze", "online", "pagehide", "pageshow", "resume", "visibilitychange"];
    expect(listening.sort()).toEqual(harmless);
  });

  test("has nothing to say to a client that is closed", () => {
    const { window, document, connection, heard, undo } = startPage();
    undo();
    connection.type = "cellular";
    connection.dispatchEvent(new Event("change"));
    for (const type of ["pagehide", "pageshow"] as const) window.dispatchEvent(transition(type, true));
    for (const type of ["freeze", "resume", "visibilitychange"]) document.dispatchEvent(new Event(type));
    window.dispatchEvent(new Event("online"));
    expect(heard).toEqual([]);
  });
});

test("a worker, which has no document, hears that the network is back", () => {
  const worker = new EventTarget();
  vi.stubGlobal("addEventListener", worker.addEventListener.bind(worker));
  vi.stubGlobal("navigator", {});
  const { heard, undo } = listen();
  worker.dispatchEvent(new Event("online"));
  undo();
  worker.dispatchEvent(new Event("online"));
  expect(heard).toEqual(["woken"]);
});

test("Node, which has no such events, hears nothing and ends cleanly", () => {
  vi.stubGlobal("addEventListener", undefined);
  const { heard, undo } = listen();
  undo();
  expect(heard).toEqual([]);
});

// --- helpers ---

function listen() {
  const heard: string[] = [];
  const undo = webWakeups({
    woken: () => {
      heard.push("woken");
    },
    asleep: () => {
      heard.push("asleep");
    },
  });
  return { heard, undo };
}

function startPage() {
  const listening: string[] = [];
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const connection = Object.assign(new EventTarget(), { type: "wifi" });
  for (const target of [window, document, connection]) {
    const add = target.addEventListener.bind(target);
    target.addEventListener = (type: string, ...rest: [EventListener, AddEventListenerOptions]) => {
      listening.push(type);
      add(type, ...rest);
    };
  }
  vi.stubGlobal("addEventListener", window.addEventListener);
  vi.stubGlobal("document", document);
  vi.stubGlobal("navigator", { connection });
  return { window, document, connection, listening, ...listen() };
}

function transition(type: "pagehide" | "pageshow", persisted: boolean): Event {
  return Object.assign(new Event(type), { persisted });
}
