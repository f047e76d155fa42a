/** What the page asks of the server beside Eitherway. */
export interface Order {
  readonly title: string;
  readonly body: string;
  readonly link?: string;
  readonly expiresAt?: number;
  readonly key?: string;
  readonly delayMs?: number;
}

/** A fresh token for every connection. @throws TypeError where the server cannot be reached, Error with what it says */
export async function logIn(name: string): Promise<string> {
  const { token } = (await ask("login", { name })) as { readonly token: string };
  return token;
}

/** @param token of `logIn` */
export async function authorized(name: string, path: string, body?: unknown): Promise<unknown> {
  return ask(path, body, { authorization: `Bearer ${await logIn(name)}` });
}

async function ask(path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}): Promise<unknown> {
  const answer = await fetch(`/notifications/${path}`, {
    headers: { "content-type": "application/json", ...headers },
    ...(body !== undefined && { method: "POST", body: JSON.stringify(body) }),
  });
  if (answer.status === 204) return undefined;
  const told: unknown = await answer.json();
  if (!answer.ok) throw new Error((told as { readonly message: string }).message);
  return told;
}
