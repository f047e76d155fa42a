/**
 * What arrives of a value that travels as JSON: a `Date` is text then, and so are other objects that say it themselves (`toJSON`); a
 * function is nothing, and a `bigint` cannot be sent.
 */
export type Json<Value> = Value extends string | number | boolean | null | undefined
  ? Value
  : Value extends { toJSON(): infer Written }
    ? Json<Written>
    : Value extends bigint | symbol | ((...args: never) => unknown)
      ? never
      : Value extends object
        ? { [Name in keyof Value]: Json<Value[Name]> }
        : Value;
