/** How values of the broker seam become bytes between processes of one machine and one version: both ways in one place. */
import type { ByteReader } from "../protocol/byte-reader.ts";
import { ByteWriter } from "../protocol/byte-writer.ts";

export interface Codec<T> {
  write(out: ByteWriter, value: T): void;
  read(from: ByteReader): T;
}

export const text: Codec<string> = { write: (out, value) => out.text(value), read: (from) => from.text() };
/** Whole, 0 or more. */
export const whole: Codec<number> = { write: (out, value) => out.number(value), read: (from) => from.number() };
export const bytes: Codec<Uint8Array> = { write: (out, value) => out.bytes(value), read: (from) => from.bytes() };
export const epoch: Codec<string> = { write: (out, value) => out.epoch(value), read: (from) => from.epoch() };
export const id: Codec<string> = { write: (out, value) => out.id(value), read: (from) => from.id() };
export const cursor: Codec<string> = { write: (out, value) => out.cursor(value), read: (from) => from.cursor() };
export const nothing: Codec<void> = { write() {}, read() {} };
export const flag: Codec<boolean> = {
  write: (out, value) => out.byte(value ? 1 : 0),
  read: (from) => from.byte() !== 0,
};

export function oneOf<T extends string>(names: readonly T[]): Codec<T> {
  return {
    write: (out, value) => out.byte(names.indexOf(value)),
    read: (from) => names[from.byte()] as T,
  };
}

export function optional<T>(inner: Codec<T>): Codec<T | undefined> {
  return {
    write(out, value) {
      flag.write(out, value !== undefined);
      if (value !== undefined) inner.write(out, value);
    },
    read: (from) => (flag.read(from) ? inner.read(from) : undefined),
  };
}

export function list<T>(inner: Codec<T>): Codec<readonly T[]> {
  return {
    write(out, values) {
      out.number(values.length);
      for (const value of values) inner.write(out, value);
    },
    read(from) {
      const values: T[] = [];
      for (let left = from.number(); left > 0; left--) values.push(inner.read(from));
      return values;
    },
  };
}

type Fields<T> = { readonly [Name in keyof T]-?: Codec<T[Name]> };

/** Fields one behind the other, in the order of `fields`. Others that a value may have stay behind. */
export function record<T extends object>(fields: Fields<T>): Codec<T> {
  const names = Object.keys(fields) as (keyof T)[];
  return {
    write(out, value) {
      for (const name of names) fields[name].write(out, value[name]);
    },
    read(from) {
      const value: Partial<T> = {};
      for (const name of names) value[name] = fields[name].read(from);
      return value as T;
    },
  };
}

export function tuple<T extends readonly unknown[]>(
  ...inner: { readonly [Place in keyof T]: Codec<T[Place]> }
): Codec<T> {
  return {
    write(out, values) {
      for (const [place, codec] of inner.entries()) codec.write(out, values[place]);
    },
    read: (from) => inner.map((codec) => codec.read(from)) as unknown as T,
  };
}

type Cases<T extends Record<Tag, string>, Tag extends string> = {
  readonly [Name in T[Tag]]: Codec<Omit<Extract<T, Record<Tag, Name>>, Tag>>;
};

/** A union whose members differ in the text of one field. */
export function variants<T extends Record<Tag, string>, Tag extends string>(tag: Tag, cases: Cases<T, Tag>): Codec<T> {
  const names = oneOf(Object.keys(cases) as T[Tag][]);
  return {
    write(out, value) {
      names.write(out, value[tag]);
      cases[value[tag]].write(out, value as never);
    },
    read(from) {
      const name = names.read(from);
      return { [tag]: name, ...cases[name].read(from) } as unknown as T;
    },
  };
}

/** A frame as it leaves: what it is, then its fields. */
export function encode<T>(codec: Codec<T>, value: T, ...head: readonly number[]): Uint8Array {
  const out = new ByteWriter();
  for (const number of head) out.number(number);
  codec.write(out, value);
  return out.finish();
}
