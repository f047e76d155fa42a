/** Redis where it may only be reached over TLS, at other addresses than those that its Sentinels and its Cluster tell of. */
import { execFileSync } from "node:child_process";
import { connect, type Socket } from "node:net";
import { createServer, type Server } from "node:tls";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Certificate } from "../../src/node/index.ts";
import type { RedisOptions } from "../../src/redis/index.ts";
import { testCertificate } from "../node/support.ts";
import { startRedisCluster } from "../support/redis/redis-cluster.ts";
import { startSentinel } from "../support/redis/redis-sentinel.ts";
import { eventually, startRedis } from "../support/redis/redis-server.ts";
import { newPrefix, startBroker } from "./broker-support.ts";
import { publishAll, startEyewitness } from "./eyewitness.ts";

const CHANNEL = "room/42";
const HOST = "127.0.0.1";
const NAME = "localhost";
const PATIENCE_MS = 5_000;
const MINUTE_MS = 60_000;

interface Guarded {
  /** With TLS, by the doors. */
  readonly url: string;
  readonly client: NonNullable<RedisOptions["client"]>;
}

const KINDS: Readonly<Record<string, () => Promise<Guarded>>> = {
  async "one Redis"() {
    const { port } = await startRedis();
    const [door = 0] = await openDoors([port]);
    return { url: `rediss://${HOST}:${door}`, client: {} };
  },
  async Sentinels() {
    const { ports, servers, name } = await startSentinel();
    const targets = [...ports, ...servers.map(({ port }) => port)];
    const doors = await openDoors(targets);
    const hosts = doors.slice(0, ports.length).map((door) => `${HOST}:${door}`);
    return { url: `rediss+sentinel://${hosts.join(",")}/${name}`, client: { natMap: mapOf(targets, doors) } };
  },
  async "a Cluster"() {
    const { servers } = await startRedisCluster();
    const targets = servers.map(({ port }) => port);
    const doors = await openDoors(targets);
    return { url: `rediss+cluster://${HOST}:${doors[0]}`, client: { natMap: mapOf(targets, doors) } };
  },
};

describe.each(Object.entries(KINDS))("%s behind TLS", (_kind, start) => {
  test("what one node publishes another one hears, and no connection is without TLS (P1)", async () => {
    const { url, client } = await start();
    const { cert } = await testCertificate();
    const options = { prefix: newPrefix(), client: { ...client, tls: { ca: cert } } };
    const { broker } = startBroker(url, { options });
    const witness = await startEyewitness(startBroker(url, { options }).broker, CHANNEL);
    await publishAll(broker, CHANNEL, ["a", "b", "c"]);
    await witness.until("c");
    expect([...witness.saw.values()]).toEqual(["a", "b", "c"]);
  }, 60_000);

  test("nobody is told anything whose certificate nobody vouches for (P12)", async () => {
    const { url, client } = await start();
    const { broker, logged, clock } = startBroker(url, { options: { client } });
    const read = () => broker.read(CHANNEL, "start", { messages: 1, bytes: 1 });
    const refused = expect(read()).rejects.toMatchObject({ code: "unavailable" });
    await eventually(async () => /self-signed certificate/.test(logged.join("\n")));
    clock.leap(PATIENCE_MS);
    await refused;
    expect(new Set(logged).size, "each reason is told once").toBe(logged.length);
    clock.leap(MINUTE_MS);
    await eventually(async () => new Set(logged).size < logged.length); // and again a minute later
  }, 60_000);
});

test("servers of a Cluster are believed by the host name that they are called by (P12)", async () => {
  const { servers } = await startRedisCluster();
  const targets = servers.map(({ port }) => port);
  const certificate = certificateOf(NAME);
  const doors = await openDoors(targets, certificate);
  const client = { natMap: mapOf(targets, doors, NAME), tls: { ca: certificate.cert } };
  const { broker } = startBroker(`rediss+cluster://${NAME}:${doors[0]}`, { options: { client } });
  expect(await publishAll(broker, CHANNEL, ["a"])).toHaveProperty("size", 1);
}, 60_000);

/** That speaks for a name and for no address, as those of providers do. */
function certificateOf(name: string): Certificate {
  const pem = execFileSync(
    "openssl",
    [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-noenc"],
      ...["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-keyout", "-"],
    ],
    { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] },
  );
  return { cert: pem, key: pem };
}

/** A door with TLS for each port, until the test is over. */
async function openDoors(targets: readonly number[], certificate?: Certificate): Promise<readonly number[]> {
  const shown = certificate ?? (await testCertificate());
  return Promise.all(targets.map((target) => openDoor(target, shown)));
}

async function openDoor(target: number, { cert, key }: Certificate): Promise<number> {
  const sockets = new Set<Socket>();
  const hold = (socket: Socket, other: () => Socket): void => {
    sockets.add(socket);
    socket.on("error", () => {}); // it closes
    socket.on("close", () => {
      sockets.delete(socket);
      other().destroy();
    });
  };
  const server: Server = createServer({ cert, key }, (inside) => {
    const outside = connect(target, HOST);
    hold(inside, () => outside);
    hold(outside, () => inside);
    inside.pipe(outside).pipe(inside);
  });
  onTestFinished(async () => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, HOST, resolve));
  return (server.address() as { readonly port: number }).port;
}

function mapOf(
  targets: readonly number[],
  doors: readonly number[],
  host = HOST,
): NonNullable<Guarded["client"]["natMap"]> {
  return Object.fromEntries(targets.map((target, n) => [`${HOST}:${target}`, { host, port: doors[n] ?? target }]));
}
