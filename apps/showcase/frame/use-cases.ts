/** The pages there are, in the order of the navigation. */
export interface PageEntry {
  readonly path: string;
  readonly name: string;
  /** What it is for, in a sentence. */
  readonly lead: string;
}

export const USE_CASES: readonly PageEntry[] = [
  { path: "/chat", name: "Chat", lead: "Rooms that stay whole while the plug is pulled." },
  {
    path: "/feed",
    name: "News feed",
    lead: "One way, over plain HTTP, and exactly what you missed when you come back.",
  },
  {
    path: "/notifications",
    name: "Notifications",
    lead: "One inbox on every tab and device, read once for all of them.",
  },
  {
    path: "/dashboard",
    name: "Dashboard",
    lead: "Fifty figures of this very server on one connection, and charts without a hole.",
  },
  {
    path: "/progress",
    name: "Progress",
    lead: "Long jobs and streamed answers that outlive the page, and stop when told.",
  },
];

export const WHICH: PageEntry = {
  path: "/which",
  name: "Which transport?",
  lead: "WebSocket against SSE and long-poll, measured from this browser.",
};
