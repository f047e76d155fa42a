/** Asks who it is. */
import { type FormEvent, useId } from "react";
import { becomeUser } from "./user.ts";

/** @param was who was logged in until now */
export function LoginForm({ was }: { readonly was: string | undefined }) {
  const field = useId();

  function submit(event: FormEvent<HTMLFormElement>): void {
    event.preventDefault();
    becomeUser(String(new FormData(event.currentTarget).get("name")));
  }

  return (
    <form className="login" onSubmit={submit}>
      <h2>{was === undefined ? "Whose inbox?" : "Logged out"}</h2>
      <label htmlFor={field}>Name</label>
      <input
        id={field}
        name="name"
        defaultValue={was ?? "ana"}
        required
        maxLength={32}
        pattern="[\p{L}\p{N}][\p{L}\p{N}_\-]*"
        title="Letters, digits, - and _"
        autoComplete="username"
      />
      <button type="submit" className="main">
        Open the inbox
      </button>
      <p className="quiet">No password here: whoever gives the same name has the same inbox, on another device too.</p>
    </form>
  );
}
