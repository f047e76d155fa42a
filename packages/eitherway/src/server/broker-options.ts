/** What a server would make its broker of, for who makes one without a server. */
import type { ChannelTypes, Contract } from "../contract/index.ts";
import type { BrokerParts, CreateBroker } from "../core/index.ts";
import { createChannelIndex } from "./channel-index.ts";
import { checkContract } from "./check-contract.ts";
import { readHistory } from "./contract-history.ts";
import { type EitherwayOptions, readOptions } from "./options.ts";

/** Those options that are about what is kept. */
export type BrokerOptions = Pick<EitherwayOptions, "limits" | "retention" | "keyWindowMs" | "broker">;

export interface BrokerPlan extends Pick<BrokerParts, "limits" | "retention" | "channelRetention" | "keyWindowMs"> {
  readonly createBroker: CreateBroker;
}

/**
 * @param otherNames further options of whoever asks, for the sentence about unknown ones
 * @throws EitherwayError `bad-request` naming the option, its value and what to give instead
 */
export function readBrokerOptions(
  options: BrokerOptions,
  app: Contract<ChannelTypes> | undefined,
  otherNames: readonly string[],
): BrokerPlan {
  const { limits, retention, keyWindowMs, broker } = readOptions(options, otherNames);
  const channels = app?.channels ?? {};
  checkContract(channels);
  const types = Object.values(channels);
  const channelRetention = readHistory(types, createChannelIndex(types));
  return { limits, retention, channelRetention, keyWindowMs, createBroker: broker };
}
