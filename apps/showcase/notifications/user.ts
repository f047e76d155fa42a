/** Who uses this browser. It is asked for a token with that name alone; an application has a session here. */
const STORED_AS = "notifications user";

export const user = localStorage.getItem(STORED_AS) ?? undefined;

/** All of the page begins anew, as somebody. */
export function becomeUser(name: string): void {
  localStorage.setItem(STORED_AS, name);
  location.reload();
}

export function forgetUser(): void {
  localStorage.removeItem(STORED_AS);
}
