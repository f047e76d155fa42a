/** A command or an announcement on its way: its frame, written once for every transport and attempt. */
import {
  type AnnounceFrame,
  type ArrivedFrame,
  type CommandFrame,
  jsonClientCodec,
  utf8Length,
} from "../protocol/index.ts";
import type { LinkFailure } from "./link-failure.ts";
import type { ClientClock } from "./ports.ts";

/** Goes out now or never. */
export interface Announcement {
  readonly frame: AnnounceFrame;
  /** The frame as JSON text. */
  readonly line: string;
  /** Size of `line` in UTF-8 bytes: what every transport must be able to carry, since any may have to. */
  readonly bytes: number;
}

export interface Command extends Omit<Announcement, "frame"> {
  readonly frame: CommandFrame;
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
  return { frame, ...writtenAs(frame), createAsker };
}

export function createAnnouncement(frame: AnnounceFrame): Announcement {
  return { frame, ...writtenAs(frame) };
}

function writtenAs(frame: CommandFrame | AnnounceFrame): Pick<Announcement, "line" | "bytes"> {
  const line = jsonClientCodec.writeClient(frame);
  return { line, bytes: utf8Length(line) };
}
