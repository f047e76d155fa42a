/** A command on its way: its frame, written once for every transport and attempt. */
import { type ArrivedFrame, type CommandFrame, jsonClientCodec, utf8Length } from "../protocol/index.ts";
import type { LinkFailure } from "./link-failure.ts";
import type { ClientClock } from "./ports.ts";

export interface Command {
  readonly frame: CommandFrame;
  /** The frame as JSON text. */
  readonly line: string;
  /** Size of `line` in UTF-8 bytes: what every transport must be able to carry, since any may have to. */
  readonly bytes: number;
  /** Of a call: who asks again while it runs. It comes with the call, so that a bundle without calls has none of it. */
  readonly createAsker: CreateAsker | undefined;
}

/** Asks again for calls that run, over a transport on which answers do not come by themselves. One for each link. */
export interface Asker {
  /** The server said that this call runs. */
  add(command: Command): void;
  close(): void;
}

export interface AskerOptions {
  readonly clock: ClientClock;
  /** Those of the first that go into one request. */
  fitting(commands: readonly Command[]): readonly Command[];
  /** A request whose answer may be held for `wait` seconds. Resolves with the failure, if there is one, and never rejects. */
  post(
    commands: readonly Command[],
    abort: AbortController,
    take: (frame: ArrivedFrame) => void,
    wait: number,
  ): Promise<LinkFailure | undefined>;
  /** A frame that came. */
  take(frame: ArrivedFrame): void;
  /** See `LinkEvents.returned`. */
  returned(commands: readonly Command[], failure: LinkFailure): void;
}

export type CreateAsker = (options: AskerOptions) => Asker;

export function createCommand(frame: CommandFrame, createAsker?: CreateAsker): Command {
  const line = jsonClientCodec.writeClient(frame);
  return { frame, line, bytes: utf8Length(line), createAsker };
}
