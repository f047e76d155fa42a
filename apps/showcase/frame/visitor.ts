/**
 * Who looks at this page, by the login of server/login.ts. A tab is somebody of its own, also after a reload, and so is the second
 * client beside: that is how one person tries out what two do.
 */
export interface Visitor {
  /** `Ana#4f2c`. */
  readonly user: string;
  /** For `createClient`: one that still holds for a while, fetched anew where that is needed. */
  token(): Promise<string>;
  /** Becomes another user; the page is loaded anew. Rejects where the name is none. */
  rename(name: string): Promise<void>;
}

interface Entered {
  readonly user: string;
  readonly token: string;
  /** Milliseconds since 1970. */
  readonly expiresAt: number;
}

const NAMES = ["Ana", "Bo", "Cleo", "Dani", "Emil", "Freya", "Gil", "Hana", "Ivo", "Juno", "Kai", "Lena"];
const RENEW_BEFORE_MS = 60 * 60 * 1_000;
const RETRY_MS = 1_000;

/** Waits until the server answers. */
export async function openVisitor(address: string): Promise<Visitor> {
  const key = `visitor${new URLSearchParams(location.search).has("beside") ? "-beside" : ""}`;
  let entered = await comeIn();

  /** As before in this tab, or else by some name. */
  async function comeIn(): Promise<Entered> {
    const before = readEntered(sessionStorage.getItem(key));
    if (before && isFresh(before)) return before;
    const name = before ? nameOf(before.user) : (NAMES[Math.floor(Math.random() * NAMES.length)] ?? "Guest");
    for (;;) {
      try {
        return await enter(name, before?.token);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  }

  async function enter(name: string, token?: string): Promise<Entered> {
    const headers = { "content-type": "application/json" };
    const answer = await fetch(address, { method: "POST", headers, body: JSON.stringify({ name, token }) });
    const text = await answer.text();
    if (!answer.ok) throw new Error((JSON.parse(text) as { readonly message: string }).message);
    sessionStorage.setItem(key, text);
    return JSON.parse(text) as Entered;
  }

  return {
    user: entered.user,
    async token() {
      if (!isFresh(entered)) entered = await enter(nameOf(entered.user), entered.token);
      return entered.token;
    },
    async rename(name) {
      await enter(name);
      location.reload();
    },
  };
}

/** What people call a user. */
export function nameOf(user: string): string {
  return user.split("#", 1)[0] ?? user;
}

function isFresh({ expiresAt }: Entered): boolean {
  return expiresAt - Date.now() > RENEW_BEFORE_MS;
}

function readEntered(text: string | null): Entered | undefined {
  return text === null ? undefined : (JSON.parse(text) as Entered);
}
