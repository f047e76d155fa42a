/** Clients of examples/python behind the API of ours, so that the cases of the transport suite run against them as they are. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Channel, Client, ClientOptions, Gap, Incoming, MessageMeta, Status } from "../../src/client/index.ts";
import { EitherwayError, type ErrorCode, type Payload } from "../../src/protocol/index.ts";

export interface Python {
  /** A client over `sse` or `poll`. */
  client(options: Pick<ClientOptions, "url" | "transport" | "random">): Client;
  /** Ends its input; resolves with the code of the process once it is gone, and what it complained about. */
  end(): Promise<{ readonly code: number | null; readonly complaints: string }>;
}

/** What the driver tells. */
type Told = { readonly client: number; readonly which: number; readonly holes?: number } & (
  | { readonly on: "message"; readonly value: ToldMessage }
  | { readonly on: "gap"; readonly value: { c: string; why: Gap["why"]; oldest: string; head: string } }
  | { readonly on: "live"; readonly value: string }
  | { readonly on: "error"; readonly value: ToldError }
  | { readonly on: "answer"; readonly value: { readonly id: string } | ToldError }
);

interface ToldError {
  readonly code: ErrorCode;
  readonly message: string;
}

interface ToldMessage extends Omit<MessageMeta, "from" | "gap"> {
  readonly sender: string | null;
  readonly data: unknown;
}

const DRIVER = fileURLToPath(new URL("python-driver.py", import.meta.url));

export async function startPython(): Promise<Python> {
  const child = spawn("python3", [DRIVER]);
  await once(child, "spawn").catch((cause: unknown) => {
    throw new Error("python3 is missing; install it, on Debian: apt-get install python3", { cause });
  });
  const ended = once(child, "close").then(([code]: (number | null)[]) => ({ code: code ?? null, complaints }));
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints += text;
  });
  const listeners = new Map<string, (told: Told) => void>();
  let rest = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      const told = JSON.parse(line) as Told;
      listeners.get(`${told.client} ${told.which}`)?.(told);
    }
  });
  let clients = 0;

  function client({ url, transport, random }: Parameters<Python["client"]>[0]): Client {
    const number = ++clients;
    let numbers = 0;
    const status = { state: "open", holes: 0, gaps: 0 } as { -readonly [K in keyof Status]: Status[K] };

    function say(what: object): void {
      child.stdin.write(`${JSON.stringify({ client: number, ...what })}\n`);
    }

    /** Says it under a number of its own; resolves with the answer, or rejects with its error. */
    function ask(what: object): Promise<{ readonly id: string }> {
      const which = ++numbers;
      return new Promise((resolve, reject) => {
        listeners.set(`${number} ${which}`, (told) => {
          listeners.delete(`${number} ${which}`);
          if (told.on !== "answer") return;
          if ("id" in told.value) resolve(told.value);
          else reject(new EitherwayError(told.value.code, told.value.message));
        });
        void ended.then(() => reject(new Error(`the process is gone:\n${complaints}`)));
        say({ ...what, which });
      });
    }

    say({ do: "open", url, transport, ...(random && { chance: random() }) });

    function channel(name: string, { from = "now" }: { readonly from?: string } = {}): Channel {
      const heard = new Map<string, (...args: never[]) => unknown>();
      let cursor = from;

      function take(told: Told): void {
        status.holes = told.holes ?? status.holes;
        const hear = heard.get(told.on) as ((...args: unknown[]) => unknown) | undefined;
        if (told.on === "message") {
          const { sender, data, ...meta } = told.value;
          cursor = meta.id;
          hear?.(meta.kind === "bytes" ? new Uint8Array(Buffer.from(data as string, "base64")) : data, {
            ...meta,
            from: sender ?? undefined,
          });
        } else if (told.on === "gap") {
          status.gaps++;
          const { c, why, oldest, head } = told.value;
          hear?.({ channel: c, why, oldest, head });
        } else if (told.on === "error") hear?.(new EitherwayError(told.value.code, told.value.message));
        else hear?.(told.value);
      }

      function on(event: string, listener: (...args: never[]) => unknown): () => void {
        heard.set(event, listener);
        if (event !== "message") return () => heard.delete(event);
        const which = ++numbers;
        listeners.set(`${number} ${which}`, take);
        say({ do: "subscribe", which, channel: name, start: from });
        return () => {
          listeners.delete(`${number} ${which}`);
          say({ do: "stop", which });
        };
      }

      return {
        name,
        get cursor() {
          return cursor;
        },
        on,
        publish: async (data, { event = "message", kind, key } = {}) =>
          ask({
            do: "publish",
            channel: name,
            data: data instanceof Uint8Array ? Buffer.from(data).toString("base64") : data,
            options: { event, kind: kindOf(data, kind), ...(key !== undefined && { key }) },
          }),
        announce() {
          throw new Error("the Python client announces nothing");
        },
        [Symbol.asyncIterator]: () => iterate(on),
      };
    }

    return {
      id: `python ${number}`,
      status,
      channel: channel as Client["channel"],
      on: () => () => {},
      reconnect: () => say({ do: "reconnect" }),
      async close() {
        if (status.state === "closed") return;
        await ask({ do: "close" });
        status.state = "closed";
      },
      use: notThere,
      ready: notThere,
      pending: notThere,
      timeline: notThere,
    };
  }

  return {
    client,
    end() {
      child.stdin.end();
      return ended;
    },
  };
}

function kindOf(data: unknown, kind: Payload["kind"] | undefined): Payload["kind"] {
  return kind ?? (data instanceof Uint8Array ? "bytes" : "json");
}

async function* iterate(
  on: (event: "message", listener: (data: unknown, meta: MessageMeta) => void) => () => void,
): AsyncGenerator<Incoming, undefined> {
  const waiting: Incoming[] = [];
  let wake = (): void => {};
  const stop = on("message", (data, meta) => {
    waiting.push({ data, meta });
    wake();
  });
  try {
    for (;;) {
      const next = waiting.shift();
      if (next) yield next;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  } finally {
    stop();
  }
}

function notThere(): never {
  throw new Error("the client of examples/python has no such thing");
}
