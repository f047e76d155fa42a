/** Pages that sleep while nobody sees them, on a target that stands for a document; test/browser/showcase-dashboard.test.ts has a real one. */
import { afterEach, describe, expect, test, vi } from "vitest";
import { sleepHidden } from "../../src/client/hidden-sleep.ts";
import { createClient } from "../../src/client/index.ts";
import { webWakeups } from "../../src/client/wakeups.ts";
import { createFakeClock } from "../../src/testing/index.ts";
import { createStage } from "./support.ts";

const AFTER_MS = 5_000;

afterEach(() => {
  vi.unstubAllGlobals();
});

describe("a page that sleeps when it is hidden", () => {
  test("falls asleep once it was hidden for long enough, and wakes up when it is seen", () => {
    const { show, clock, heard } = startPage();
    show("hidden");
    clock.advance(AFTER_MS - 1);
    expect(heard).toEqual([]);
    clock.advance(1);
    expect(heard).toEqual(["asleep"]);
    show("visible");
    expect(heard).toEqual(["asleep", "woken"]);
  });

  test("stays awake through a look at another tab", () => {
    const { show, clock, heard } = startPage();
    show("hidden");
    clock.advance(AFTER_MS - 1);
    show("visible");
    clock.advance(AFTER_MS);
    expect([heard, clock.pending]).toEqual([["woken"], 0]);
  });

  test("is not woken by the network while it sleeps, but is before and after", () => {
    const { window, show, clock, heard } = startPage();
    show("hidden");
    window.dispatchEvent(new Event("online"));
    expect(heard).toEqual(["woken"]);
    clock.advance(AFTER_MS);
    window.dispatchEvent(new Event("online"));
    expect(heard).toEqual(["woken", "asleep"]);
    show("visible");
    window.dispatchEvent(new Event("online"));
    expect(heard).toEqual(["woken", "asleep", "woken", "woken"]);
  });

  test("falls asleep too when it was never seen", () => {
    const { clock, heard } = startPage("hidden");
    clock.advance(AFTER_MS);
    expect(heard).toEqual(["asleep"]);
  });

  test("has nothing to say to a client that is closed", () => {
    const { show, clock, heard, undo } = startPage();
    show("hidden");
    undo();
    clock.advance(AFTER_MS);
    show("visible");
    show("hidden");
    expect([heard, clock.pending]).toEqual([[], 0]);
  });
});

test("a client that connects while its page sleeps, such as after a pause that the server asked for, is put to sleep again", async () => {
  const { show } = startPage();
  const stage = createStage({ sleepAfterHiddenMs: AFTER_MS });
  stage.client.channel("a").on("message", () => {});
  await stage.settle();
  stage.link.say({ t: "bye", code: "drain", message: "Draining.", after: 2 * AFTER_MS });
  show("hidden");
  await stage.pass(AFTER_MS);
  expect(stage.client.status.state).toBe("waiting"); // the time that the server named still counts
  await stage.pass(3 * AFTER_MS);
  expect([stage.client.status.state, stage.links.length]).toEqual(["open", 2]);
  await stage.pass(60_000);
  expect([stage.client.status.state, stage.link.closed]).toEqual(["asleep", true]);
  stage.client.reconnect();
  await stage.pass(60_000);
  expect(stage.client.status.state).toBe("asleep");
  await stage.client.close(); // while there is a document
});

test("without a document nothing is added", () => {
  expect(sleepHidden(webWakeups, AFTER_MS, createFakeClock())).toBe(webWakeups);
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])("%s is no time to sleep after (P12)", (sleepAfterHiddenMs) => {
  expect(() => createClient({ url: "http://127.0.0.1/", sleepAfterHiddenMs })).toThrow(
    expect.objectContaining({ code: "bad-request", message: expect.stringContaining("sleepAfterHiddenMs is ") }),
  );
});

// --- helpers ---

function startPage(visibilityState: DocumentVisibilityState = "visible") {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState });
  vi.stubGlobal("addEventListener", window.addEventListener.bind(window));
  vi.stubGlobal("document", document);
  vi.stubGlobal("navigator", {});
  const clock = createFakeClock();
  const heard: string[] = [];
  const undo = sleepHidden(
    webWakeups,
    AFTER_MS,
    clock,
  )({
    woken: () => void heard.push("woken"),
    asleep: () => void heard.push("asleep"),
  });
  const show = (state: DocumentVisibilityState): void => {
    document.visibilityState = state;
    document.dispatchEvent(new Event("visibilitychange"));
  };
  return { window, show, clock, heard, undo };
}
