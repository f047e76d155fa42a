/** The line to write on: new messages, and edits of one's own. */
import { type KeyboardEvent, type SubmitEvent, useEffect, useRef, useState } from "react";
import { MOST_TEXT } from "./contract.ts";

export interface ComposerProps {
  /** What is being edited; its text is what the line begins with. */
  readonly editing: { readonly key: string; readonly text: string } | undefined;
  /** Something was typed. */
  typing(): void;
  submit(text: string): void;
  /** Without a change. */
  cancel(): void;
  /** Arrow up in an empty line: the last own message. */
  editLast(): void;
}

export function Composer({ editing, typing, submit, cancel, editLast }: ComposerProps) {
  const [text, setText] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const edited = editing?.key;

  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each message that is edited
  useEffect(() => {
    setText(editing?.text ?? "");
    if (editing) field.current?.focus();
  }, [edited]);

  function onSubmit(event: SubmitEvent): void {
    event.preventDefault();
    const written = text.trim();
    if (written === "") return;
    submit(written);
    setText("");
  }

  function onKeyDown({ key }: KeyboardEvent): void {
    if (key === "Escape" && editing) cancel();
    if (key === "ArrowUp" && text === "" && !editing) editLast();
  }

  return (
    <form className="composer" onSubmit={onSubmit}>
      <label className="unseen" htmlFor="text">
        Message
      </label>
      <input
        id="text"
        ref={field}
        value={text}
        maxLength={MOST_TEXT}
        placeholder="Message"
        autoComplete="off"
        enterKeyHint="send"
        onChange={({ target }) => {
          setText(target.value);
          if (target.value !== "") typing();
        }}
        onKeyDown={onKeyDown}
      />
      {editing && (
        <button type="button" onClick={cancel}>
          Cancel
        </button>
      )}
      <button type="submit" className="main">
        {editing ? "Save" : "Send"}
      </button>
    </form>
  );
}
