import type { BrokerParts } from "../../src/core/index.ts";

export function createRoomyParts(): BrokerParts;
