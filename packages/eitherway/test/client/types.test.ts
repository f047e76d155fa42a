/** Nothing public is `any`, which would switch off the types of the program that uses it. Checked when the tests are compiled. */
import { expect, test } from "vitest";
import * as node from "../../src/client/index.node.ts";
import type {
  AnyClient,
  Channel,
  Client,
  ClientOptions,
  ClientTransport,
  Incoming,
  Status,
  TypedClient,
} from "../../src/client/index.ts";
import * as browser from "../../src/client/index.ts";

type IsAny<T> = 0 extends 1 & T ? true : false;

/** `any` anywhere in a type: its fields, parameters and results, six levels down. */
type HasAny<T, Depth extends readonly unknown[] = []> =
  IsAny<T> extends true
    ? true
    : Depth["length"] extends 6
      ? false
      : T extends
            | string
            | number
            | boolean
            | bigint
            | symbol
            | null
            | undefined
            | Uint8Array
            | URL
            | AbortSignal
            | RequestInit
            | Response
            | Error
        ? false
        : T extends Promise<infer Value> // the library's own declarations have any
          ? HasAny<Value, [...Depth, 0]>
          : T extends
                | readonly (infer Item)[]
                | ReadonlyMap<string, infer Item>
                | AsyncIterator<infer Item, undefined, undefined>
            ? HasAny<Item, [...Depth, 0]>
            : T extends (...args: infer Args) => infer Result
              ? HasAny<Args[number], [...Depth, 0]> extends false
                ? HasAny<Result, [...Depth, 0]>
                : true
              : T extends object
                ? true extends { [K in keyof T]-?: HasAny<T[K], [...Depth, 0]> }[keyof T]
                  ? true
                  : false
                : false;

const none = <T extends false>(is?: T): T | undefined => is;

test("history is read with a client of a contract as with one without", () => {
  const takes = (client: Client | TypedClient<Record<never, never>>): AnyClient => client;
  expect(takes).toBeTypeOf("function");
});

test("has no any in what it exports", () => {
  none<HasAny<ClientOptions>>();
  none<HasAny<Client["channel"]>>();
  none<HasAny<Client["on"]>>();
  none<HasAny<Client["status"]>>();
  none<HasAny<Client["use"]>>();
  none<HasAny<Channel["on"]>>();
  none<HasAny<Channel["publish"]>>();
  none<HasAny<Channel["cursor"]>>();
  none<HasAny<Incoming>>();
  none<HasAny<Status>>();
  none<HasAny<ClientTransport>>();
  none<HasAny<typeof browser.createClient>>();
  // The check can fail:
  // @ts-expect-error
  none<HasAny<{ deep: (a: { b: string[] }) => Promise<unknown>; list: { c: ReturnType<typeof JSON.parse> } }>>();
  expect(browser.createClient).toBeTypeOf("function");
});

test("exports the same names for browsers and for Node", () => {
  expect(Object.keys(node).sort()).toEqual(Object.keys(browser).sort());
});
