/** WebSocket handshakes as clients send them, and handshakes with something wrong or odd about them. */
import fc from "fast-check";

export const HANDSHAKE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

type Field = readonly [name: string, value: string];

const TOKEN = [..."!#$%&'*+-.^_`|~019azAZ"];
const TEXT = [..."aZ09-_,;=:\"'/\\()<>@~ \t"];

const anyTarget = fc
  .tuple(
    fc.constantFrom("/eitherway", "/eitherway/", "/eitherway/channels/a%2Fb", "/", "/eitherways"),
    fc.constantFrom("", "?", "?a=b&c=%20", "?to=/x?y", "?it's=(so)!*;,:@$+~"),
  )
  .map(([path, query]) => path + query);

const anyCase = fc.constantFrom(
  (name: string) => name,
  (name: string) => name.toUpperCase(),
  (name: string) => name.replace(/(?<=^|-)[a-z]/g, (letter) => letter.toUpperCase()),
);

type Blanks = readonly [before: string, after: string];

const fairBlanks = fc.constantFrom<Blanks>(["", ""], [" ", ""]);
const oddBlanks = fc.tuple(fc.constantFrom("", " ", "  ", "\t"), fc.constantFrom("", " ", "\t", " \t "));
const anyBlanks = fc.oneof({ arbitrary: fairBlanks, weight: 9 }, oddBlanks);

const anyOtherField: fc.Arbitrary<Field> = fc.oneof(
  fc.constantFrom<Field>(
    ["cookie", "a=b; c=d"],
    ["authorization", "Bearer x.y.z"],
    ["x-forwarded-for", "6.6.6.6, 1.2.3.4"],
    ["x-forwarded-proto", "https"],
    ["sec-websocket-protocol", "a, b"],
    ["sec-websocket-extensions", "permessage-deflate; client_max_window_bits"],
    ["user-agent", ""],
  ),
  fc.tuple(
    fc.string({ unit: fc.constantFrom(...TOKEN), minLength: 1, maxLength: 8 }),
    fc.string({ unit: fc.constantFrom(...TEXT), maxLength: 12 }),
  ),
);

const handshakeFields: readonly (readonly [name: string, ...values: string[]])[] = [
  ["host", "localhost", "localhost:8000"],
  ["connection", "Upgrade", "upgrade", "keep-alive, Upgrade"],
  ["upgrade", "websocket", "WebSocket"],
  ["sec-websocket-version", "13"],
  ["sec-websocket-key", HANDSHAKE["sec-websocket-key"]],
];

const anyFields: fc.Arbitrary<readonly Field[]> = fc
  .tuple(
    fc.tuple(...handshakeFields.map(([name, ...values]) => fc.tuple(fc.constant(name), fc.constantFrom(...values)))),
    fc.uniqueArray(anyOtherField, {
      maxLength: 6,
      selector: ([name]) => name.toLowerCase(),
    }),
  )
  .chain(([own, others]) => fc.shuffledSubarray([...own, ...others], { minLength: own.length + others.length }));

const anyLine = ([name, value]: Field, blanks: fc.Arbitrary<Blanks>): fc.Arbitrary<string> =>
  fc.tuple(anyCase, blanks).map(([write, [before, after]]) => `${write(name)}:${before}${value.trim()}${after}`);

const anyHead = (blanks: fc.Arbitrary<Blanks>): fc.Arbitrary<string> =>
  fc
    .tuple(
      anyTarget,
      anyFields.chain((fields) => fc.tuple(...fields.map((field) => anyLine(field, blanks)))),
    )
    .map(([target, lines]) => `GET ${target} HTTP/1.1\r\n${lines.join("\r\n")}\r\n\r\n`);

/** What a request line and fields may be besides, each of them right or wrong for a reason of its own. */
const ODD_STARTS = [
  "POST / HTTP/1.1",
  "GET / HTTP/1.0",
  "GET http://localhost/eitherway HTTP/1.1",
  "GET  / HTTP/1.1",
  "GET /a b HTTP/1.1",
  "get / HTTP/1.1",
  "GET /#a HTTP/1.1",
  "GET /ü HTTP/1.1",
  "GET * HTTP/1.1",
  "\r\nGET / HTTP/1.1",
  "GET / HTTP/1.1 ",
];
const ODD_LINES = [
  "content-length: 3",
  "content-length: 0",
  "transfer-encoding: chunked",
  "expect: 100-continue",
  "set-cookie: a=b",
  "host: other",
  "cookie: e=f",
  "x-forwarded-for: 9.9.9.9",
  "origin: http://a",
  "origin: http://b",
  "upgrade: h2c",
  "connection: close",
  "connection: upgrade",
  "proxy-connection: close",
  "sec-websocket-key: x",
  "authorization: y",
  " folded",
  "\tfolded",
  "no colon",
  ": no name",
  "blank : x",
  "__proto__: x",
  "constructor: x",
  "x: ü",
  "x: \u0000",
  "x: a\rb",
  "x: a\nb",
  "x: a\r\n\r\n",
  "x: \u007f",
  "trailer: x",
  "user-agent: z",
];

/** A place in a head is a natural number: doubles of fast-check are nearly all next to 0, which is the first letter. */
const anyEdit = fc.record({
  at: fc.nat(),
  remove: fc.constantFrom(0, 1, 2),
  insert: fc.constantFrom("", "", "\r", "\n", "\u0000", " ", "\t", ":", ",", "a", "\u00ff", "\r\n"),
});

type Edit = Readonly<{ at: number; remove: number; insert: string }>;

function edited(text: string, { at, remove, insert }: Edit): string {
  const from = at % text.length;
  return text.slice(0, from) + insert + text.slice(from + remove);
}

/** A head in latin1 that every reader takes. */
export const fairHead = anyHead(fairBlanks);

/** Most of them no handshake any more, some still one. */
export const oddHead: fc.Arbitrary<string> = fc.oneof(
  anyHead(anyBlanks),
  fc
    .tuple(fairHead, fc.array(anyEdit, { minLength: 1, maxLength: 3 }))
    .map(([head, edits]) => edits.reduce(edited, head)),
  fc.tuple(fairHead, fc.constantFrom(...ODD_STARTS)).map(([head, start]) => head.replace(/^.*/, () => start)),
  fc
    .tuple(fairHead, fc.subarray(ODD_LINES, { minLength: 1, maxLength: 2 }), fc.nat({ max: 12 }))
    .map(([head, odd, at]) => {
      const lines = head.split("\r\n");
      lines.splice(1 + (at % (lines.length - 2)), 0, ...odd);
      return lines.join("\r\n");
    }),
);

export const PROPERTY_SEED = Number(process.env["EITHERWAY_HANDSHAKE_SEED"] ?? Date.now() % 2 ** 31);
