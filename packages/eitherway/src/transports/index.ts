/** The doors: WebSocket, event streams, long-poll, commands and plain HTTP, written against ports only. */
export type { Abandonable, SocketFailures } from "./abilities.ts";
export { answerErrors, errorAnswer, jsonAnswer } from "./answers.ts";
export { serveHistory, servePublish } from "./channels.ts";
export { serveCommands } from "./commands.ts";
export { serveEvents } from "./events.ts";
export { isPresencePath, serveEnter, serveLeave, serveMembers } from "./members.ts";
export { servePoll } from "./poll.ts";
export type { RequestHandler } from "./request-handler.ts";
export { serveStream } from "./stream.ts";
export { serveTicket, serveTicketEnd } from "./tickets.ts";
export { serveWebSocket } from "./websocket.ts";
