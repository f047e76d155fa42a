/** The showcase's page of jobs, as a person uses it. */
import type { BrowserContext, Page } from "playwright-core";
import { expect, vi } from "vitest";
import { openPage, type Showcase } from "./support.ts";

export const WAIT = { timeout: 30_000, interval: 50 };

export interface JobsPage {
  readonly page: Page;
  readonly complaints: readonly string[];
  /** By the keyboard; resolves when the page has the job's address. */
  ask(question: string): Promise<void>;
  stop(): Promise<void>;
  /** Resolves when the job's answer is this. */
  reads(text: string): Promise<void>;
  text(): Promise<string>;
  /** How often the page's connection was resumed. */
  resumes(): Promise<number>;
  /** Resolves when the job stands so. */
  stands(state: string): Promise<void>;
  id(): string;
}

export async function openJobs(context: BrowserContext, address: string): Promise<JobsPage> {
  const { page, complaints } = await openPage(context, address);
  await page.getByText("Open over").waitFor();
  const text = async (): Promise<string> => (await page.getByLabel("Answer").textContent()) ?? "";
  const id = (): string => new URL(page.url()).searchParams.get("job") ?? "";
  return {
    page,
    complaints,
    async ask(question) {
      const before = id();
      await page.getByLabel("Question").fill(question);
      await page.getByLabel("Question").press("Enter");
      await page.waitForURL((url) => ![null, before].includes(url.searchParams.get("job")));
      await page.getByRole("heading", { name: question }).waitFor();
    },
    stop: () => page.getByRole("button", { name: "Stop", exact: true }).click(),
    reads: async (wanted) => vi.waitFor(async () => expect(await text()).toBe(wanted), WAIT),
    text,
    resumes: async () => Number(await page.locator('dt:text-is("Resumes") + dd').textContent()),
    stands: (state) => page.locator(".job-state").getByText(state, { exact: true }).waitFor(),
    id,
  };
}

type Stored = readonly { readonly event: string; readonly data: Readonly<Record<string, unknown>> }[];

/** What the server keeps of a channel. */
export async function historyOf({ origin }: Pick<Showcase, "origin">, channel: string): Promise<Stored> {
  const answer = await fetch(`${origin}/progress/eitherway/channels/${channel}?limit=1000`);
  return ((await answer.json()) as { readonly messages: Stored }).messages;
}

export async function endsOf(
  showcase: Pick<Showcase, "origin">,
  { id }: JobsPage,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const messages = await historyOf(showcase, `job/${id()}`);
  return messages.filter(({ event }) => event === "end").map(({ data }) => data);
}
