/** Where jobs begin: a question, or a file. */
import { type DragEvent, type FormEvent, type KeyboardEvent, useState } from "react";
import { chooseJob } from "./chosen-job.ts";
import { sendFile, useAsking } from "./client.ts";
import { MOST_QUESTION_CHARACTERS } from "./contract.ts";

export function Composer() {
  const [question, setQuestion] = useState("");
  const [refusal, setRefusal] = useState<string>();
  const [isOver, setOver] = useState(false);
  const { ask, isPending, failure } = useAsking();

  async function submit(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (question.trim() === "" || isPending) return;
    setRefusal(undefined);
    const id = await ask(question);
    if (id === undefined) return;
    setQuestion("");
    chooseJob(id);
  }

  async function send(file: File | undefined): Promise<void> {
    if (!file) return;
    setRefusal(undefined);
    const id = crypto.randomUUID();
    const sent = sendFile(file, id);
    chooseJob(id);
    await sent.catch((thrown: Error) => setRefusal(thrown.message));
  }

  function submitByEnter(event: KeyboardEvent<HTMLTextAreaElement>): void {
    if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) void submit(event);
  }

  const dropping = {
    onDragOver(event: DragEvent) {
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: () => setOver(false),
    onDrop(event: DragEvent) {
      event.preventDefault();
      setOver(false);
      void send(event.dataTransfer.files[0]);
    },
  };

  return (
    <form className="composer" onSubmit={submit} data-over={isOver} {...dropping}>
      <label>
        <span className="unseen">Question</span>
        <textarea
          rows={2}
          maxLength={MOST_QUESTION_CHARACTERS}
          placeholder="Ask something: why does a proxy make SSE silent?"
          value={question}
          onChange={({ target }) => setQuestion(target.value)}
          onKeyDown={submitByEnter}
        />
      </label>
      <div className="composer-actions">
        <button type="submit" className="main" disabled={isPending}>
          Ask
        </button>
        <label className="file">
          <input
            type="file"
            onChange={({ target }) => {
              void send(target.files?.[0]);
              target.value = "";
            }}
          />
          <span className="file-face">Hash a file</span>
        </label>
        <p className="quiet" role="alert">
          {refusal ?? failure}
        </p>
      </div>
    </form>
  );
}
