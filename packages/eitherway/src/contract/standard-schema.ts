/**
 * What a validator has to have: Standard Schema, version 1 (https://standardschema.dev), which zod, valibot, arktype and others
 * implement. The types are those of its specification, as it asks libraries to copy them.
 */
import { EitherwayError } from "../protocol/index.ts";

export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/**
 * What type parameters ask of a schema: as little as tells one, since comparing whole schemas is most of what a contract costs the
 * compiler.
 */
export interface AnySchema {
  readonly "~standard": { readonly version: 1; readonly types?: object | undefined };
}

/** What a value must be to be given to a schema, and what comes out of it. */
export type InputOf<Schema extends AnySchema> =
  TypesOf<Schema> extends { readonly input: infer Input } ? Input : unknown;
export type OutputOf<Schema extends AnySchema> =
  TypesOf<Schema> extends { readonly output: infer Output } ? Output : unknown;

type TypesOf<Schema extends AnySchema> = NonNullable<Schema["~standard"]["types"]>;

/** An issue as it travels: the path as text, `items.0.name`; empty where the whole value is meant. */
export interface Issue {
  readonly path: string;
  readonly message: string;
}

/** More than anybody reads, and little enough for an error frame. */
const MOST_ISSUES = 20;

/**
 * The validator's output. A promise only where the validator gives one.
 *
 * @param what is validated, for the sentence
 * @throws EitherwayError `invalid`, with `details.issues`
 */
export function validate(schema: AnySchema, value: unknown, what: string): unknown {
  const result = (schema as StandardSchema)["~standard"].validate(value);
  return result instanceof Promise ? result.then((settled) => outputOf(settled, what)) : outputOf(result, what);
}

function outputOf(result: SchemaResult<unknown>, what: string): unknown {
  if (!result.issues) return result.value;
  const issues = result.issues.slice(0, MOST_ISSUES).map(readIssue);
  const [first] = issues;
  const where = first && first.path !== "" ? ` at ${first.path}` : "";
  throw new EitherwayError("invalid", `${what} is refused${where}: ${first?.message ?? "no reason was given"}`, {
    details: { issues },
  });
}

function readIssue({ message, path = [] }: SchemaIssue): Issue {
  const keys = path.map((part) => String(typeof part === "object" ? part.key : part));
  return { path: keys.join("."), message };
}
