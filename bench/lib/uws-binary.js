/** The native part of the uWebSockets.js repack for this Node and platform. */
import { join } from "node:path";
import { BENCH } from "./npm-peer.js";

export const PACKAGE = "@trufflesuite/uws-js-unofficial";

const NAME = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;

/** May not be there: the repack has binaries for Node 16, 18 and 20. */
export const BINARY = join(BENCH, "node_modules", PACKAGE, "binaries", NAME);
