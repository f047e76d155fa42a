/** What a page may ask of the test's process while a case runs in it. */
import type { ServerSettings, SuiteServer } from "../../../src/testing/index.ts";

export type Order =
  /** Answers with the number of the server. */
  | { readonly do: "start"; readonly settings: ServerSettings }
  | {
      readonly do: "publish";
      readonly server: number;
      readonly channel: string;
      readonly data: unknown;
      readonly options?: Parameters<SuiteServer["publish"]>[2];
    }
  | { readonly do: "stats" | "restart" | "close"; readonly server: number }
  /** Resets what is open between the pages and the servers, now or in the middle of what comes next; answers with how many. */
  | { readonly do: "cut"; readonly afterBytes: number };

/** What a page sends, on a WebSocket. */
export interface Ordered {
  /** Comes back with the answer. */
  readonly number: number;
  readonly order: Order;
}

export interface Answer {
  readonly number: number;
  readonly result?: unknown;
  /** Why it could not be done. */
  readonly error?: string;
}

/** Server n is below this path of the pages' origin. */
export function serverPath(server: number): string {
  return `/server-${server}`;
}
