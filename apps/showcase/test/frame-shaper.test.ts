import type { ClientLink, ClientTransport, LinkEvents } from "eitherway/client";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createShaper } from "../frame/shaper.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A link on the first shaped transport, over an inner one that keeps what it is told. */
function openLink() {
  const passed: string[] = [];
  let inner: LinkEvents | undefined;
  const transport = {
    name: "websocket",
    open(_to, events) {
      inner = events;
      const link = {
        change: () => true,
        publish: (command: unknown) => passed.push(`up ${String(command)}`),
        announce: () => true,
        close: () => passed.push("closed"),
      } as unknown as ClientLink;
      return link;
    },
  } as ClientTransport;
  const shaper = createShaper([transport]);
  const events = {
    alive: () => passed.push("alive"),
    frame: (frame: unknown) => passed.push(`down ${String(frame)}`),
    returned() {},
    ended: ({ message }: { readonly message: string }) => passed.push(`ended: ${message}`),
  } as LinkEvents;
  const link = shaper.transports[0]?.open({} as never, events) as ClientLink;
  return { shaper, link, passed, inner: inner as LinkEvents };
}

const up = (name: string) => name as never;
const down = (name: string) => [name, new Map()] as unknown as Parameters<LinkEvents["frame"]>;

test("a network as it is lets everything pass at once", () => {
  const { link, inner, passed } = openLink();
  link.publish(up("1"));
  inner.frame(...down("2"));
  expect(passed).toEqual(["up 1", "down 2"]);
});

test("latency takes half of a round trip each way, in order, whatever the jitter says", () => {
  const { shaper, link, inner, passed } = openLink();
  shaper.set({ latencyMs: 100, jitterMs: 50 });
  for (const name of ["1", "2", "3"]) link.publish(up(name));
  inner.frame(...down("4"));
  vi.advanceTimersByTime(49);
  expect(passed).toEqual([]);
  vi.advanceTimersByTime(51);
  expect(passed.filter((line) => line.startsWith("up"))).toEqual(["up 1", "up 2", "up 3"]);
  expect(passed).toContain("down 4");
});

test("a stall holds everything back and says nothing; then all of it comes", () => {
  const { shaper, link, inner, passed } = openLink();
  shaper.set({ stalled: true });
  link.publish(up("1"));
  inner.frame(...down("2"));
  inner.ended({ message: "gone" });
  vi.advanceTimersByTime(60_000);
  expect(passed).toEqual([]);
  shaper.set({ stalled: false });
  expect(passed).toEqual(["up 1", "down 2", "ended: gone"]);
});

test("what is on its way when the line is cut is lost, and the link ends once", () => {
  const { shaper, link, inner, passed } = openLink();
  shaper.set({ latencyMs: 100 });
  link.publish(up("1"));
  inner.frame(...down("2"));
  shaper.cut();
  shaper.cut();
  inner.ended({ message: "too late" });
  vi.advanceTimersByTime(1_000);
  expect(passed).toEqual(["closed", "ended: cut by the network of this page"]);
});
