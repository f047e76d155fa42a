/** Every way of holding a link open takes a seat of its address, and gives it back. */
import { describe, expect, test } from "vitest";
import { SUBPROTOCOLS } from "../../src/protocol/index.ts";
import { type RawConnection, rawConnect, requestText } from "../node/support.ts";
import { type Doors, eventually, helloText, startDoors } from "./support.ts";

const HELLO = helloText({ a: "now" });

/** What a peer at `address` sends to hold a link open. */
type Knock = (address: string) => string;

const ask =
  (method: string, path: string, headers: Record<string, string> = {}, body = ""): Knock =>
  (address) =>
    requestText(
      method,
      `/eitherway${path}`,
      { "x-forwarded-for": address, ...(body && { "content-length": String(body.length) }), ...headers },
      body,
    );

const HANDSHAKE = {
  ...{ connection: "Upgrade", upgrade: "websocket", "sec-websocket-version": "13" },
  ...{ "sec-websocket-key": "AAAAAAAAAAAAAAAAAAAAAA==", "sec-websocket-protocol": SUBPROTOCOLS.json },
};

const SILENT_SOCKET = ask("GET", "", HANDSHAKE);

const DOORS: ReadonlyMap<string, Knock> = new Map([
  ["a socket that has not said hello", SILENT_SOCKET],
  ["an event stream of the SDK", ask("POST", "/stream", {}, HELLO)],
  ["an event stream of anybody", ask("GET", "/events?channel=a")],
  ["a long-poll of the SDK", ask("POST", "/poll", {}, HELLO)],
  ["a request that waits for history", ask("GET", "/channels/a?after=now&wait=50")],
]);

describe("limits.addressLinks", () => {
  for (const [what, knock] of DOORS) {
    test(`${what} counts; the next one of the address is told when to come back, another address comes in (P6, P7)`, async () => {
      const doors = await startDoors({ limits: { addressLinks: 1 }, trustProxy: 1 });
      const held = await hold(doors, knock);
      await refused(doors, "192.0.2.1");
      const other = await rawConnect(doors.port, SILENT_SOCKET("192.0.2.2"));
      await other.has("HTTP/1.1 101");
      held.socket.destroy();
      await eventually(() => doors.hub.stats().links === 0);
      await hold(doors, SILENT_SOCKET);
    });
  }

  /** Takes the one seat of an address. A connection that has just ended may still be about to give it back. */
  async function hold(doors: Doors, knock: Knock): Promise<RawConnection> {
    const before = doors.hub.stats().timers;
    const connection = await rawConnect(doors.port, knock("192.0.2.1"));
    await eventually(() => doors.hub.stats().timers > before || connection.text() !== "");
    expect(connection.text()).not.toContain("too-many-links");
    return connection;
  }

  async function refused(doors: Doors, address: string): Promise<void> {
    for (const knock of DOORS.values()) {
      const late = await rawConnect(doors.port, knock(address));
      expect(await late.has("limits.addressLinks")).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 1\r\n/);
      late.socket.destroy();
    }
    expect(doors.hub.stats().counters["links.refused.address"]).toBe(DOORS.size);
  }
});
