/** Eitherway behind `fetch`: web-standard requests in, responses out. */
export { createFetchHandler, type FetchHandler } from "./fetch-handler.ts";
