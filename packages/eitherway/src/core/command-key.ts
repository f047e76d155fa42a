/** Whose a command's key is. */
import { parseCountedKey } from "../protocol/index.ts";
import type { CommandKey } from "./broker.ts";
import type { Identity } from "./hub-api.ts";

/** An SDK's key counts per client; any other, also one that names another client, is remembered by itself. */
export function commandKeyOf(key: string, who: Identity): CommandKey {
  const user = who.user ?? "";
  const counted = parseCountedKey(key);
  return counted && counted.client === who.client
    ? { kind: "counted", user, client: counted.client, counter: counted.counter }
    : { kind: "foreign", user, key };
}
