/** The limit of servers that send each message by itself. */
import { limitServer } from "../lib/limit-server.js";

export const peer = limitServer({ name: "c-message", title: "C, one send a message", mode: "message" });
