/** A page that runs the cases with the client of React Native, in what React Native has of a page. */
import "./native-surroundings.ts";
import { createClient } from "../../../src/client/index.react-native.ts";
import { createCaseRunner } from "./case-runner.ts";
import { NATIVE_CASES } from "./native-cases.ts";

globalThis.runCase = createCaseRunner({
  cases: NATIVE_CASES,
  address: location.href,
  createClient,
  origin: location.origin, // nothing is relative to a page there
}).run;
