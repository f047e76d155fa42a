import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";

/** Puts a page into its document. */
export function mount(page: ReactNode): void {
  const root = document.getElementById("root");
  if (!root) throw new Error("The page has no element with the id root.");
  createRoot(root).render(<StrictMode>{page}</StrictMode>);
}
