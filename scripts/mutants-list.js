import { mutantsOfAttacks } from "./mutants-of-attacks.js";
import { mutantsOfAuthority } from "./mutants-of-authority.js";
import { mutantsOfClient } from "./mutants-of-client.js";
import { mutantsOfDelivery } from "./mutants-of-delivery.js";
import { mutantsOfLimits } from "./mutants-of-limits.js";
import { mutantsOfLogs } from "./mutants-of-logs.js";
import { mutantsOfPresence } from "./mutants-of-presence.js";
import { mutantsOfServer } from "./mutants-of-server.js";

/**
 * Ways to break the code, each of which some test must notice (`npm run test:mutants`), in the order of the layers.
 *
 * @typedef {object} Mutant
 * @property {string} title what goes wrong for a user
 * @property {string} file below packages/eitherway/src
 * @property {string} search occurs exactly once in the file
 * @property {string} replace
 * @property {readonly string[]} tests files below packages/eitherway/test, of which at least one must turn red
 */

/** @type {readonly Mutant[]} */
export const mutants = [
  ...mutantsOfServer,
  ...mutantsOfAuthority,
  ...mutantsOfAttacks,
  ...mutantsOfLimits,
  ...mutantsOfLogs,
  ...mutantsOfDelivery,
  ...mutantsOfPresence,
  ...mutantsOfClient,
];
