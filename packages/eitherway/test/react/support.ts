/** Components in a document without a browser, against a real server. */
import { Window } from "happy-dom";
import { createElement, type ReactNode, StrictMode } from "react";
import { onTestFinished } from "vitest";
import { type ClientOptions, createClient } from "../../src/client/index.node.ts";
import { eitherway, type NodeEitherway } from "../../src/node/index.ts";
import { witnessed } from "../support/witness.ts";

const window = new Window({ url: "http://127.0.0.1/" });
// Not the fetch and WebSocket of that window: the client under test is the one of Node.
Object.assign(globalThis, { window, document: window.document });
if (!("navigator" in globalThis)) Object.assign(globalThis, { navigator: window.navigator }); // Node 20
const { createRoot, hydrateRoot } = await import("react-dom/client");

export interface Stage {
  readonly ew: NodeEitherway;
  readonly url: string;
}

const SILENT = witnessed();

/** A server that ends with the test. */
export async function startServer(options: Parameters<typeof eitherway>[0] = {}): Promise<Stage> {
  const ew = eitherway({ ...options, logger: SILENT });
  onTestFinished(() => ew.close());
  const { url } = await ew.listen({ port: 0 });
  return { ew, url };
}

/** A client that ends with the test. */
export function startClient(url: string, options: Pick<ClientOptions, "token"> = {}) {
  const client = createClient({ url, ...options });
  onTestFinished(() => client.close());
  return client;
}

/** What a component showed, render by render. */
export interface Shown<View> {
  readonly views: readonly View[];
  readonly last: View;
  /** Resolves once what is shown is as wanted; looks after each render that came to the page. */
  until(look: (view: View) => boolean): Promise<View>;
}

/** A component that shows what a hook gives, for a look at it from outside. */
export function createProbe<View>(useView: () => View): { readonly shown: Shown<View>; Probe(): ReactNode } {
  const views: View[] = [];
  const looks = new Set<() => void>();
  function Probe(): ReactNode {
    const view = useView();
    views.push(view);
    queueMicrotask(() => {
      for (const look of [...looks]) look();
    });
    return null;
  }
  return {
    Probe,
    shown: {
      views,
      get last() {
        return views.at(-1) as View;
      },
      until: (wanted) =>
        new Promise((resolve) => {
          const look = (): void => {
            const view = views.at(-1);
            if (view === undefined || !wanted(view)) return;
            looks.delete(look);
            resolve(view);
          };
          looks.add(look);
          look();
        }),
    },
  };
}

export interface Mounted {
  readonly html: () => string;
  render(node: ReactNode): void;
  unmount(): void;
}

export function mount(node: ReactNode, { strict = false } = {}): Mounted {
  const container = document.createElement("div");
  const root = createRoot(container);
  const wrapped = (inner: ReactNode): ReactNode => (strict ? createElement(StrictMode, null, inner) : inner);
  root.render(wrapped(node));
  onTestFinished(() => root.unmount());
  return {
    html: () => container.innerHTML,
    render: (next) => root.render(wrapped(next)),
    unmount: () => root.unmount(),
  };
}

/** Takes over what a server rendered. */
export function hydrate(html: string, node: ReactNode): Mounted & { readonly recovered: readonly string[] } {
  const container = document.createElement("div");
  container.innerHTML = html;
  const recovered: string[] = [];
  const root = hydrateRoot(container, node, { onRecoverableError: (error) => recovered.push(String(error)) });
  onTestFinished(() => root.unmount());
  return {
    recovered,
    html: () => container.innerHTML,
    render: (next) => root.render(next),
    unmount: () => root.unmount(),
  };
}
