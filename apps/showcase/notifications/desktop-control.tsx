/** Lets the browser show notifications while nobody looks at the page. */
import { useEffect, useState } from "react";
import { allowDesktop, type DesktopState, initialState } from "./desktop.ts";
import { authorized } from "./requests.ts";

const WORDS: Readonly<Record<DesktopState, string>> = {
  unsupported: "This browser shows none.",
  default: "While this page is hidden the browser can show them, and also when no page is open.",
  denied: "This browser was told to show none: its settings for this site change that.",
  shown: "Shown by the browser while this page is hidden. With no page open this browser is not reached.",
  pushed: "Shown by the browser while this page is hidden, and by Web Push when no device of yours is connected.",
};

export function DesktopControl({ user }: { readonly user: string }) {
  const [state, setState] = useState(initialState);
  const [isAsking, setAsking] = useState(false);
  useEffect(() => {
    if (initialState() === "shown") void allowFor(user).then(setState);
  }, [user]);

  async function allow(): Promise<void> {
    setAsking(true);
    setState(await allowFor(user));
    setAsking(false);
  }

  return (
    <section className="desktop">
      <h2>On this device</h2>
      <p className="quiet">{WORDS[state]}</p>
      <button
        type="button"
        onClick={() => void allow()}
        disabled={isAsking || state === "unsupported" || state === "denied" || state === "pushed"}
      >
        {isAsking ? "Asking…" : "Allow notifications"}
      </button>
    </section>
  );
}

async function allowFor(user: string): Promise<DesktopState> {
  try {
    const { publicKey } = (await authorized(user, "push")) as { readonly publicKey: string };
    return await allowDesktop(publicKey, (subscription) => authorized(user, "push", subscription));
  } catch {
    return initialState(); // no server now: the button stays
  }
}
