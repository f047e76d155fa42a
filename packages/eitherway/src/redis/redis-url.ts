/** Where Redis is, from one URL. */
import { EitherwayError } from "../protocol/index.ts";

export interface Address {
  readonly host: string;
  readonly port: number;
}

export interface RedisPlace {
  readonly kind: "standalone" | "sentinel" | "cluster";
  /** Of the server, of the Sentinels, or of some servers of the Cluster. */
  readonly addresses: readonly Address[];
  /** Of the master, as the Sentinels call it. */
  readonly master: string | undefined;
  readonly db: number;
  readonly tls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

const KINDS: Readonly<Record<string, RedisPlace["kind"]>> = {
  "": "standalone",
  sentinel: "sentinel",
  cluster: "cluster",
};
const PORTS = { standalone: 6379, sentinel: 26_379, cluster: 6379 };
const SHAPE = /^(rediss?)(?:\+([a-z]+))?:\/\/(?:([^@/]*)@)?([^/?#]*)(?:\/([^/?#]*))?$/;
const EXAMPLES =
  "redis://host:6379, redis+sentinel://host1,host2,host3/master, redis+cluster://host1,host2 (rediss: with TLS; user:password@ before the hosts)";

/** @throws EitherwayError `bad-request`. It never repeats the URL, which may hold a password. */
export function parseRedisUrl(url: string): RedisPlace {
  const [, scheme, kindName = "", credentials, hosts = "", path = ""] = SHAPE.exec(url) ?? [];
  const kind = KINDS[kindName];
  if (!scheme || !kind) throw badUrl("is none that is known");
  const addresses = hosts.split(",").map((host) => parseAddress(host, PORTS[kind]));
  if (kind === "standalone" && addresses.length > 1)
    throw badUrl("names several hosts, but neither +sentinel nor +cluster");
  if (kind === "sentinel" && path === "") throw badUrl("names no master after the hosts");
  if (kind === "cluster" && path !== "") throw badUrl("names a database, of which a Cluster has one only");
  if (kind === "standalone" && !/^\d{0,5}$/.test(path)) throw badUrl("has a database that is no number");
  const { username, password } = parseCredentials(credentials);
  return {
    kind,
    addresses,
    master: kind === "sentinel" ? decode(path) : undefined,
    db: kind === "standalone" ? Number(path) : 0,
    tls: scheme === "rediss",
    username,
    password,
  };
}

function parseAddress(text: string, defaultPort: number): Address {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  if (!host) throw badUrl("has a host that cannot be read");
  return { host, port: port === undefined ? defaultPort : Number(port) };
}

function parseCredentials(text: string | undefined): Pick<RedisPlace, "username" | "password"> {
  if (!text) return { username: undefined, password: undefined };
  const at = text.indexOf(":");
  if (at < 0) return { username: undefined, password: decode(text) };
  return { username: at === 0 ? undefined : decode(text.slice(0, at)), password: decode(text.slice(at + 1)) };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw badUrl("has a percent sign that encodes nothing");
  }
}

function badUrl(what: string): EitherwayError {
  return new EitherwayError("bad-request", `The URL of Redis ${what}; write ${EXAMPLES}.`);
}
