/**
 * Notices HTTP/2 connections that are dead without a word (P6, S11). Node tells of none whose peer broke the protocol and left,
 * since it reads no further and sees no end; and what our streams write keeps such a connection from counting as idle.
 */
import type { Http2Session, Http2Stream } from "node:http2";
import type { Clock } from "../core/index.ts";

/** As often as a quiet stream pings. */
const ASK_MS = 15_000;
/** Questions that a peer may leave unanswered; at the next one the connection is dropped. As for a WebSocket. */
const UNANSWERED = 2;

/** A connection with an open stream of ours. */
interface Life {
  streams: number;
  unanswered: number;
  asking: boolean;
}

const lives = new WeakMap<Http2Session, Life>();

/** Asks the stream's connection for signs of life as long as the stream, or another of ours, is open on it. */
export function watchLife(stream: Http2Stream, clock: Clock): void {
  const { session } = stream;
  if (!session || stream.destroyed) return;
  const life = lives.get(session) ?? { streams: 0, unanswered: 0, asking: false };
  lives.set(session, life);
  life.streams++;
  stream.once("close", () => {
    life.streams--;
  });
  if (life.asking) return;
  life.asking = true;
  life.unanswered = 0;
  clock.after(ASK_MS, () => ask(session, life, clock));
}

function ask(session: Http2Session, life: Life, clock: Clock): void {
  if (session.destroyed || life.streams === 0) {
    life.asking = false;
    return;
  }
  if (life.unanswered >= UNANSWERED) {
    session.destroy(); // its streams close
    return;
  }
  life.unanswered++;
  session.ping((error) => {
    if (!error) life.unanswered = 0;
  });
  clock.after(ASK_MS, () => ask(session, life, clock));
}
