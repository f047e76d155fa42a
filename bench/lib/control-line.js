/** What the runner says to a server program before the load generator comes (the commands are those of types.js). */
import { once } from "node:events";
import { connect } from "node:net";
import { createInterface } from "node:readline";

const ANSWER_LIMIT_MS = 20_000;
const LOOK_AGAIN_MS = 20;
const RADIX = 36;
const WARM_CHANNELS = 200; // before memory is measured
const FILLED_AT_ONCE = 1_000; // servers bound what is published in one turn

/**
 * Gives each of some channels one message.
 * @param {number} port
 * @param {number} first
 * @param {number} last
 */
export async function fillChannels(port, first, last) {
  await withControl(port, async (say, ask) => {
    for (let from = first; from <= last; from += FILLED_AT_ONCE) {
      say(`publish ${from} ${Math.min(last, from + FILLED_AT_ONCE - 1)} 1`);
      await ask("stats"); // answered behind it
    }
  });
}

/**
 * What channels, their messages and watching them take: differences of what lives after a collection.
 * @param {number} port
 * @param {{ idleChannels?: number, messages?: number }} size
 */
export async function keptBytes(port, { idleChannels: channels = 1, messages = 1 }) {
  return withControl(port, async (say, ask) => {
    const now = async () => {
      const { heapUsed, external, storeBytes } = JSON.parse(await ask("gc"));
      return { node: heapUsed + external, store: storeBytes };
    };
    const fill = async (/** @type {number} */ count) => {
      for (let nth = 0; nth < count; nth++) {
        say(`publish 0 ${channels - 1} 1`);
        await ask("stats"); // servers bound what waits
      }
    };
    say(`publish ${channels} ${channels + WARM_CHANNELS - 1} 1`); // code and tables that all share
    const empty = await now();
    await fill(1);
    const opened = await now();
    await fill(messages);
    const full = await now();
    const canWatch = (await ask(`watch 0 ${channels - 1}`)) !== "";
    const watched = await now();
    return {
      nodePerChannel: (opened.node - empty.node) / channels,
      nodePerMessage: (full.node - opened.node) / (channels * messages),
      ...(canWatch ? { nodePerWatch: (watched.node - full.node) / channels } : {}),
      ...(empty.store === undefined
        ? {}
        : {
            storePerChannel: (opened.store - empty.store) / channels,
            storePerMessage: (full.store - opened.store) / (channels * messages),
          }),
    };
  });
}

/**
 * Gives c0 a message, and `missed` more.
 * @param {number} port
 * @param {number} missed
 * @returns {Promise<import("./plan.js").History>} the place of the first one
 */
export async function makeHistory(port, missed) {
  return withControl(port, async (say, ask) => {
    say("publish 0 0 1");
    const cursor = await until(ask, (id) => id !== "");
    const seq = seqOf(cursor);
    if (missed > 0) {
      say(`publish 0 0 ${missed}`);
      await until(ask, (id) => seqOf(id) === seq + missed);
    }
    return { cursor, base: 1 };
  });
}

/**
 * @param {(line: string) => Promise<string>} ask
 * @param {(id: string) => boolean} fits
 */
async function until(ask, fits) {
  for (const end = performance.now() + ANSWER_LIMIT_MS; performance.now() < end; ) {
    const id = await ask("cursor c0");
    if (fits(id)) return id;
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
  throw new Error("the head of c0 did not become what was published");
}

/** @param {string} id */
function seqOf(id) {
  return Number.parseInt(id.split("-")[1] ?? "", RADIX);
}

/**
 * @template T
 * @param {number} port
 * @param {(say: (line: string) => void, ask: (line: string) => Promise<string>) => Promise<T>} work
 */
async function withControl(port, work) {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true }); // a question follows each order, and would wait for its receipt
  const lines = createInterface(socket);
  const say = (/** @type {string} */ line) => {
    socket.write(`${line}\n`);
  };
  /** @param {string} line */
  async function ask(line) {
    const answer = once(lines, "line", { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    say(line);
    const [text] = await answer;
    return String(text);
  }
  try {
    await once(socket, "connect");
    return await work(say, ask);
  } finally {
    socket.destroy();
  }
}
