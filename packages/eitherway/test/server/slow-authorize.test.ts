/** An `authorize` that takes its time: what becomes meanwhile of the channel that waits, of its link and of its token. */
import { expect, test } from "vitest";
import { createGuarded } from "./authority-support.ts";

test("a channel that is left meanwhile is not entered, one that is asked for anew is once", async () => {
  const waiting = new Map<string, (yes: boolean) => void>();
  const authorize = ({ channel }: { channel: string }) =>
    new Promise<boolean>((resolve) => {
      waiting.set(channel, resolve);
    });
  const server = createGuarded({ ana: { user: "ana" } }, { authorize });
  const { send, read } = await server.connect("ana", { a: "now", b: "now", c: "now" });
  expect(read()).toEqual(["welcome"]);
  await send({ t: "unsubscribe", channels: ["a"] });
  await send({ t: "subscribe", channels: { b: "start" } });
  for (const name of ["a", "b"]) waiting.get(name)?.(true);
  waiting.get("c")?.(false);
  await server.pass(1);
  expect(read().sort()).toEqual(["error c forbidden", "live b"]);
});

test("what is revoked meanwhile is not entered (P9)", async () => {
  const waiting: (() => void)[] = [];
  const authorize = () =>
    new Promise<boolean>((resolve) => {
      waiting.push(() => resolve(true));
    });
  const server = createGuarded({ ana: { user: "ana" } }, { authorize });
  const { read } = await server.connect("ana", { a: "now", "@presence/a": "now", b: "now" });
  await server.eitherway.revoke({ user: "ana", channel: "a" });
  for (const allow of waiting) allow();
  await server.pass(1);
  expect(read()).toEqual(["welcome", "error a revoked", "error @presence/a revoked", "live b"]);
});

test("a newer token that comes meanwhile is the one that counts (P9)", async () => {
  const waiting: (() => void)[] = [];
  const authorize = () =>
    new Promise<boolean>((resolve) => {
      waiting.push(() => resolve(true));
    });
  const grants = {
    much: { user: "ana", channels: { "*": ["*"] } },
    little: { user: "ana", channels: { a: ["*"], b: ["publish"] } },
  };
  const server = createGuarded(grants, { authorize });
  const { send, read } = await server.connect("much", { a: "now", b: "now" });
  await send({ t: "refresh", token: "little" });
  for (const allow of waiting) allow();
  await server.pass(1);
  expect(read()).toEqual(["welcome", "error b forbidden", "live a"]);
});

test("what it says of an older token then ends nothing that a newer one allows (P9)", async () => {
  const answers = new Map<string, (allowed: boolean) => void>();
  let asked = 0;
  const authorize = ({ action }: { action: string }) =>
    action !== "subscribe" ||
    ++asked === 1 ||
    new Promise<boolean>((resolve) => {
      answers.set(`question ${asked}`, resolve);
    });
  const server = createGuarded({ one: { user: "ana" }, two: { user: "ana" }, three: { user: "ana" } }, { authorize });
  const { send, read } = await server.connect("one", { a: "now" });
  await send({ t: "refresh", token: "two" });
  await send({ t: "refresh", token: "three" });
  answers.get("question 3")?.(true);
  answers.get("question 2")?.(false);
  await server.pass(1);
  expect([read(), answers.size]).toEqual([["welcome", "live a"], 2]);
});
