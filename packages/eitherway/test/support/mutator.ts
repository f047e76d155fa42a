/**
 * Inputs that a stranger might send: legal ones with something changed, added, cut or repeated, and now and then plain rubbish.
 * The same randomness gives the same input.
 */
import type { Random } from "../../src/core/index.ts";

/** Makes an input. */
export type Mutator<Input> = (random: Random) => Input;

/** Longer ones find nothing that these do not, and cost time. */
const MOST_UNITS = 4_096;
const MOST_CHANGES = 5;
/** The share of texts that come in a Unicode form of their own. */
const NORMALIZED = 0.03;
/** The share of those that are JSON still, in another shape. */
const RESHAPED = 0.3;

export function createTextMutator(corpus: readonly string[]): Mutator<string> {
  const legal = corpus.map(unitsOf);
  const values = corpus.flatMap(parsed);
  return (random) => {
    if (values.length > 0 && random() < RESHAPED) return JSON.stringify(reshape(values, random));
    const text = String.fromCharCode(...mutate(legal, random, TEXT));
    return random() < NORMALIZED ? text.normalize(oneOf(["NFC", "NFD", "NFKD"], random)) : text;
  };
}

export function createBytesMutator(corpus: readonly Uint8Array[]): Mutator<Uint8Array> {
  return (random) => Uint8Array.from(mutate(corpus, random, BYTES));
}

/** Texts as platforms hand headers over: a byte a character. */
export function createHeaderMutator(corpus: readonly string[]): Mutator<string> {
  const mutateBytes = createBytesMutator(corpus.map((text) => Buffer.from(text)));
  return (random) => Buffer.from(mutateBytes(random)).toString("latin1");
}

export function below(end: number, random: Random): number {
  return Math.floor(random() * end);
}

function oneOf<T>(choices: readonly T[], random: Random): T {
  return choices[below(choices.length, random)] as T;
}

const NUMBERS: readonly string[] = [
  ...["-0", "-1", "00", "01", "0.5", "1e309", "1e-400", "9007199254740991", "9007199254740993"],
  ...["99999999999999999999999999", "Infinity", "NaN", "0x10"],
];

/** Texts that parsers stumble over. */
const AWKWARD_TEXTS: readonly string[] = [
  ..."\0\t\n\r \"'\\/:;,.=&%+@#?{}[]()<>*-_0019azAZ",
  ...[
    "\r\n",
    "\n\n",
    "\r\n\r\n",
    "..",
    "../",
    "//",
    "/./",
    "%2e%2e%2f",
    "%00",
    "%0d%0a",
    "%",
    "%c0%ae",
    "%ed%a0%80",
    "%ff",
  ],
  ...[
    "-0",
    "-1",
    "0.5",
    "1e309",
    "1e-400",
    "9007199254740993",
    "99999999999999999999999999",
    "Infinity",
    "NaN",
    "0x10",
  ],
  ...["null", "true", "{}", "[]", '""', '{"a":', "[[[[", "]]]]", "{{{{", '"\\u0000"', '"\\ud800"', "\\u", '\\"'],
  ...["__proto__", '"__proto__":', "constructor", "prototype", "toString", "hasOwnProperty", "valueOf"],
  ...['"t":', '"k":', '"c":', '"d":', '"s":', '"b":', '"i":', '"m":', '"n":', '"at":', '"channels":', '"v":1'],
  ...[
    "start",
    "now",
    "zzzzzzzz",
    "m8x2k1b7cq0z-0000001f",
    "data:",
    "event:",
    "id:",
    "retry:",
    ":",
    "charset=",
    "Bearer ",
  ],
  ...[
    "\u00e9",
    "e\u0301",
    "\u212b",
    "\u1100\u1161",
    "\u0085",
    "\u2028",
    "\u2029",
    "\ufeff",
    "\u200b",
    "\u202e",
    "\ufffd",
  ],
  ...["\ud800", "\udfff", "\ud83d\ude00", "\u{10ffff}", "\u00ff", "\u0130", "\u00df", "\uff0f", "\u2024"],
];

/** Whatever a parser does with a length squared, it does with one of these. */
export function longInputs(units: number): readonly string[] {
  return [...AWKWARD_TEXTS, "a/", "a:", "a; ", ' "a"', "a ,", "&a=b", "\\\\"].map((text) =>
    text.repeat(Math.ceil(units / text.length)).slice(0, units),
  );
}

/** Overlong forms, surrogates, what is beyond the last character. */
const AWKWARD_BYTES: readonly (readonly number[])[] = [
  [0xc0, 0x80],
  [0xc0, 0xaf],
  [0xe0, 0x80, 0xaf],
  [0xf0, 0x80, 0x80, 0xaf],
  [0xed, 0xa0, 0x80],
  [0xf4, 0x90, 0x80, 0x80],
  [0xef, 0xbb, 0xbf],
  [0x80],
  [0xff],
  [0xfe],
];

/** Where a field ends, in what is read here. */
const SEPARATORS: ReadonlySet<number> = new Set([...'\n,;&/{}[]" '].map((separator) => separator.charCodeAt(0)));

/** Of the binary framing: the largest one, larger ones, and some that are longer than they need to be. */
const BINARY_NUMBERS: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00],
  [0x80, 0x00],
  [0x80, 0x01],
  [0xff, 0x7f],
  [0x00],
];

/** How often each of them comes for one of the texts. */
const OFTEN = 10;

interface Alphabet {
  readonly awkward: readonly (readonly number[])[];
  readonly numbers: readonly (readonly number[])[];
  /** Where a number may begin. */
  isNumber(unit: number): boolean;
  /** Units are below. */
  readonly end: number;
}

const TEXT: Alphabet = {
  awkward: AWKWARD_TEXTS.map(unitsOf),
  numbers: NUMBERS.map(unitsOf),
  isNumber: isDigit,
  end: 0x1_0000,
};
const BYTES: Alphabet = {
  awkward: [...AWKWARD_TEXTS.map((text) => [...Buffer.from(text)]), ...Array(OFTEN).fill(AWKWARD_BYTES).flat()],
  numbers: [...NUMBERS.map((text) => [...Buffer.from(text)]), ...Array(2).fill(BINARY_NUMBERS).flat()],
  isNumber: (unit) => unit < 0x20 || isDigit(unit),
  end: 0x100,
};

type Units = ArrayLike<number>;
type Change = (units: number[], random: Random, alphabet: Alphabet, other: Units) => void;

function mutate(corpus: readonly Units[], random: Random, alphabet: Alphabet): readonly number[] {
  const chance = random();
  if (chance < 0.05) return rubbish(random, alphabet);
  const units = Array.from(oneOf(corpus, random));
  if (chance < 0.1) return units;
  for (let left = 1 + below(MOST_CHANGES, random); left > 0; left--) {
    oneOf(CHANGES, random)(units, random, alphabet, oneOf(corpus, random));
  }
  if (units.length > MOST_UNITS) units.length = MOST_UNITS;
  return units;
}

function rubbish(random: Random, { awkward, end }: Alphabet): readonly number[] {
  const units: number[] = [];
  for (let left = below(40, random); left > 0; left--) {
    const chance = random();
    if (chance < 0.5) units.push(...oneOf(awkward, random));
    else units.push(below(chance < 0.8 ? 0x80 : end, random));
  }
  return units;
}

const CHANGES: readonly Change[] = [
  function flip(units, random) {
    const at = below(units.length, random);
    if (at in units) units[at] = (units[at] as number) ^ (1 << below(8, random));
  },
  function replace(units, random, { awkward }) {
    units.splice(below(units.length, random), 1 + below(3, random), ...oneOf(awkward, random));
  },
  function insert(units, random, { awkward }) {
    units.splice(below(units.length + 1, random), 0, ...oneOf(awkward, random));
  },
  function insertAny(units, random, { end }) {
    units.splice(below(units.length + 1, random), 0, below(end, random));
  },
  function remove(units, random) {
    units.splice(below(units.length, random), 1 + below(8, random));
  },
  function cutOff(units, random) {
    units.length = below(units.length + 1, random);
  },
  function spliceOther(units, random, _alphabet, other) {
    const from = below(other.length, random);
    const piece = Array.from(other).slice(from, random() < 0.5 ? from + below(20, random) : undefined);
    const at = below(units.length + 1, random);
    units.splice(at, random() < 0.5 ? units.length : 0, ...piece);
  },
  function repeat(units, random) {
    const at = below(units.length, random);
    const piece = units.slice(at, at + 1 + below(6, random));
    const room = Math.max(0, MOST_UNITS - units.length);
    const copies: number[] = []; // joined by hand: flat() took half of the time of all fuzzing
    for (let left = 2 ** below(11, random); left > 0 && copies.length + piece.length <= room; left--)
      copies.push(...piece);
    units.splice(at, 0, ...copies);
  },
  function repeatField(units, random) {
    const start = nextSeparator(units, below(units.length, random));
    const end = nextSeparator(units, start + 1);
    units.splice(random() < 0.8 ? end : below(units.length, random), 0, ...units.slice(start, end));
  },
  function changeNumber(units, random, { numbers, isNumber }) {
    const from = below(units.length, random);
    const at = units.findIndex((unit, i) => i >= from && isNumber(unit));
    if (at < 0) return;
    let end = at + 1;
    while (end < units.length && isDigit(units[end] as number) && isDigit(units[at] as number)) end++;
    units.splice(at, end - at, ...oneOf(numbers, random));
  },
];

// --- JSON of another shape ---

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

const ODD_VALUES: readonly Json[] = [
  null,
  true,
  0,
  -1,
  1.5,
  2 ** 53,
  1e308,
  "",
  "now",
  "\ud800",
  [],
  {},
  [[]],
  [1],
  { a: {} },
];

/** Values that are worth changing: containers. */
function parsed(text: string): readonly Json[] {
  try {
    const value = JSON.parse(text) as Json;
    return typeof value === "object" && value !== null ? [value] : [];
  } catch {
    return [];
  }
}

/** One of the values, in which somewhere stands something else: an odd value, a part of another one, nothing, or one member more. */
function reshape(values: readonly Json[], random: Random): Json {
  const copy = structuredClone(oneOf(values, random));
  for (let left = 1 + below(2, random); left > 0; left--) {
    const place = oneOf(containersIn(copy), random) as { [name: string]: Json };
    const names = Object.keys(place);
    const name = names.length === 0 || random() < 0.1 ? oneOf(["t", "d", "i", "n", "0"], random) : oneOf(names, random);
    const other = oneOf(containersIn(oneOf(values, random)), random);
    const chance = random();
    if (chance < 0.15) delete place[name];
    else if (chance < 0.6) place[name] = structuredClone(oneOf(ODD_VALUES, random));
    else if (chance < 0.8) place[name] = structuredClone(other);
    else place[name] = structuredClone(oneOf(Object.values(other), random) ?? null);
  }
  return copy;
}

function containersIn(value: Json): readonly (Json[] | { [name: string]: Json })[] {
  if (typeof value !== "object" || value === null) return [];
  return [value, ...Object.values(value).flatMap(containersIn)];
}

function nextSeparator(units: readonly number[], from: number): number {
  for (let at = from; at < units.length; at++) if (SEPARATORS.has(units[at] as number)) return at;
  return units.length;
}

function isDigit(unit: number): boolean {
  return unit >= 0x30 && unit <= 0x39;
}

function unitsOf(text: string): readonly number[] {
  return Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));
}
