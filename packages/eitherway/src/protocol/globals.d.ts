/**
 * The only globals `protocol` may use besides the language itself: encoders that browsers, Node, Bun, Deno and workers all
 * have. Everything else (timers, clocks, randomness) is passed in.
 */
declare class TextEncoder {
  encode(text?: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { readonly read: number; readonly written: number };
}

declare class TextDecoder {
  constructor(label?: string, options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: Uint8Array, options?: { stream?: boolean }): string;
}

declare function btoa(binary: string): string;
declare function atob(base64: string): string;
