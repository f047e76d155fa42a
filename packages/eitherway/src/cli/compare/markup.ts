/** HTML as a template whose values are escaped unless they are HTML of such a template themselves: forgetting it is not possible. */

export class Markup {
  readonly #text: string;

  /** @param text is taken as HTML */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** `undefined` and `false` are nothing; lists are joined. */
export type Content = string | number | Markup | undefined | false | readonly Content[];

export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(parts.map((part, place) => (place === 0 ? "" : render(values[place - 1])) + part).join(""));
}

function render(content: Content): string {
  if (content === undefined || content === false) return "";
  if (content instanceof Markup) return content.toString();
  if (typeof content === "string" || typeof content === "number") return escaped(String(content));
  return content.map(render).join("");
}

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Good between tags and in quoted attributes. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES[character] as string);
}

/** JSON inside a `<script>` that is data: nothing in it may look like the end of the script. */
export function jsonScript(id: string, value: unknown): Markup {
  const json = new Markup(JSON.stringify(value).replaceAll("<", "\\u003c"));
  return html`<script type="application/json" id="${id}">${json}</script>`;
}
