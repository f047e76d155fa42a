/** A command on its way: its frame, written once for every transport and attempt. */
import { type CommandFrame, jsonClientCodec, utf8Length } from "../protocol/index.ts";
import type { CreateAsker } from "./transport.ts";

export interface Command {
  readonly frame: CommandFrame;
  /** The frame as JSON text. */
  readonly line: string;
  /** Size of `line` in UTF-8 bytes: what every transport must be able to carry, since any may have to. */
  readonly bytes: number;
  /** Of a call: who asks again while it runs. It comes with the call, so that a bundle without calls has none of it. */
  readonly createAsker: CreateAsker | undefined;
}

export function createCommand(frame: CommandFrame, createAsker?: CreateAsker): Command {
  const line = jsonClientCodec.writeClient(frame);
  return { frame, line, bytes: utf8Length(line), createAsker };
}
