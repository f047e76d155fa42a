/** The limit: a server in C with one send a client and turn. */
import { limitServer } from "../lib/limit-server.js";

export const peer = limitServer({ name: "c", title: "C, one send a turn", mode: "turn" });
