/** The chat's client. */
import { createClient } from "eitherway/client";
import { createHooks } from "eitherway/react";
import { createShaper } from "../frame/shaper.ts";
import { chat } from "./contract.ts";

export const shaper = createShaper();
export const client = createClient(chat, { url: "/chat/eitherway", transports: shaper.transports });
export const { useEvents } = createHooks(client);
export const room = client.channel("room", { id: "42" });
