/** The plain HTTP door of one channel's presence: `GET` lists, `POST` enters (and stays, by coming again), `DELETE` leaves. */
import { type HttpExchange, type Hub, permit } from "../core/index.ts";
import { checkChannelName, EitherwayError, formatId, isClientId, parsedJsonPayload, quote } from "../protocol/index.ts";
import { jsonAnswer } from "./answers.ts";
import { kindOf } from "./channels.ts";
import { decodePercent, decodeUtf8, HTTP_CLIENT, headerText, identify } from "./requests.ts";

/** `/channels/<name>/@presence`: no channel has such a name. */
const PRESENCE_PATH = /^\/channels\/(.+)\/@presence$/;

export function isPresencePath(path: string): boolean {
  return PRESENCE_PATH.test(path);
}

/** `{"channel","id","members":[{"member","state"}]}`, states as they came. `id` is `null` where there is no log. */
export async function serveMembers(hub: Hub, exchange: HttpExchange): Promise<void> {
  const channel = channelOfPath(exchange.path);
  const who = await identify(hub, exchange, HTTP_CLIENT);
  await permit(who, channel, "subscribe");
  hub.spend(who, 1);
  const { members, at } = await hub.presence.list(channel);
  const id = at ? formatId(at.epoch, at.seq) : null;
  const entries = members.map(({ member, state }) => `{"member":${JSON.stringify(member)},"state":${state}}`);
  const head = JSON.stringify({ channel, id }).slice(0, -1);
  exchange.respond({ ...jsonAnswer(200, {}), body: `${head},"members":[${entries.join()}]}` });
}

/** The body is the state. The same request again renews the lease. */
export async function serveEnter(hub: Hub, exchange: HttpExchange): Promise<void> {
  const channel = channelOfPath(exchange.path);
  const who = await identify(hub, exchange, readClient(exchange));
  hub.spend(who, 1);
  const contentType = exchange.header("content-type");
  if (kindOf(contentType) !== "json") {
    throw new EitherwayError(
      "unsupported-type",
      `The content type is ${quote(contentType ?? "")}; a presence state is application/json.`,
    );
  }
  const { data } = parsedJsonPayload(decodeUtf8(await exchange.body(hub.limits.presenceBytes), "The state"));
  await hub.presence.set(channel, data, who);
  exchange.respond(NOTHING_TO_SAY);
}

export async function serveLeave(hub: Hub, exchange: HttpExchange): Promise<void> {
  const channel = channelOfPath(exchange.path);
  const who = await identify(hub, exchange, readClient(exchange));
  hub.spend(who, 1);
  await hub.presence.leave(channel, who);
  exchange.respond(NOTHING_TO_SAY);
}

const NOTHING_TO_SAY = { status: 204, headers: { "cache-control": "no-store" } } as const;

function channelOfPath(path: string): string {
  const [, name = ""] = PRESENCE_PATH.exec(path) ?? [];
  const channel = decodePercent(name);
  checkChannelName(channel);
  return channel;
}

function readClient(exchange: HttpExchange): string {
  const client = headerText(exchange, "eitherway-client");
  if (isClientId(client)) return client;
  const given = client === undefined ? "missing" : quote(client);
  throw new EitherwayError(
    "bad-request",
    `Header eitherway-client is ${given}; give a random id of your own, 1 to 64 letters, digits, _ and -.`,
  );
}
