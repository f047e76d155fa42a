/** Sentences of an application's `auth` may quote the token; no log may. Part of one cannot be found: the application leaves it out. */
export function withoutToken(sentence: string, token: string | undefined): string {
  return token ? sentence.replaceAll(token, "…") : sentence;
}
