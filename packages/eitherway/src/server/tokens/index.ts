/** Who somebody is and what they may do, by tokens (JWT) and API keys: `eitherway/tokens`. */
export type { Action } from "../../core/index.ts";
export { type Capabilities, compileCapabilities } from "../capabilities.ts";
export type { TokenGrant } from "../grant.ts";
export { type ApiKey, type ApiKeys, createApiKeys } from "./api-keys.ts";
export { createTokenAuth, type TokenAuth, type TokenAuthOptions } from "./token-auth.ts";
export { TOKEN_ALGORITHMS, type TokenAlgorithm, type TokenKeyOptions } from "./token-keys.ts";
export { createTokenVerifier, type TokenVerifier, type TokenVerifierOptions } from "./token-verifier.ts";
