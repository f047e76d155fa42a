/** The chat's server. */
import { eitherway } from "eitherway";
import type { UseCase } from "../server/use-case.ts";
import { chat } from "./contract.ts";

export function createChat(): UseCase {
  return { name: "chat", ew: eitherway(chat) };
}
