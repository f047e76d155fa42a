/** Finds the pattern that a channel's name matches. */
export interface Match<Type> {
  readonly type: Type;
  readonly params: Readonly<Record<string, string>>;
}

export interface ChannelIndex<Type> {
  find(channel: string): Match<Type> | undefined;
}

interface Node<Type> {
  readonly literals: Map<string, Node<Type>>;
  /** Where any segment fits. */
  any?: Node<Type>;
  /** Set where a pattern ends. */
  end?: { readonly type: Type; readonly pattern: string };
}

/** @param types no two of which match one name: see `checkContract` */
export function createChannelIndex<Type extends { readonly pattern: string }>(
  types: readonly Type[],
): ChannelIndex<Type> {
  const root: Node<Type> = { literals: new Map() };
  for (const type of types) add(root, type);

  return {
    find(channel) {
      const segments = channel.split("/");
      const end = walk(root, segments, 0)?.end;
      return end && { type: end.type, params: paramsOf(end.pattern, segments) };
    },
  };
}

function add<Type extends { readonly pattern: string }>(root: Node<Type>, type: Type): void {
  let node = root;
  for (const segment of type.pattern.split("/")) {
    if (segment.startsWith(":")) {
      node.any ??= { literals: new Map() };
      node = node.any;
    } else {
      const next: Node<Type> = node.literals.get(segment) ?? { literals: new Map() };
      node.literals.set(segment, next);
      node = next;
    }
  }
  node.end = { type, pattern: type.pattern };
}

function walk<Type>(node: Node<Type> | undefined, segments: readonly string[], at: number): Node<Type> | undefined {
  if (!node) return undefined;
  if (at === segments.length) return node.end && node;
  const literal = walk(node.literals.get(segments[at] as string), segments, at + 1);
  return literal ?? walk(node.any, segments, at + 1);
}

/** Also right for a parameter named `__proto__`. */
function paramsOf(pattern: string, segments: readonly string[]): Readonly<Record<string, string>> {
  const params = pattern.split("/").map((part, i) => [part, segments[i] as string] as const);
  return Object.fromEntries(
    params.filter(([part]) => part.startsWith(":")).map(([part, value]) => [part.slice(1), value]),
  );
}
