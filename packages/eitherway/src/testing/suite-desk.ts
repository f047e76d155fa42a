/** How cases meet the application of the suite: two clients at one desk. */
import type { ClientOptions } from "../client/index.node.ts";
import type { CaseContext, SuiteAppClient, SuiteServer } from "./transport-case.ts";

type Desk = ReturnType<typeof deskOf>;

export interface OpenDesk {
  readonly server: SuiteServer;
  /** The client of `desk`. */
  readonly app: SuiteAppClient;
  readonly desk: Desk;
  /** The same desk, by another client. */
  readonly other: Desk;
}

export async function openDesk(context: CaseContext, options: Partial<ClientOptions> = {}): Promise<OpenDesk> {
  const server = await context.start({ application: true });
  const app = context.appClient(server, options);
  return { server, app, desk: deskOf(app), other: deskOf(context.appClient(server, options)) };
}

export function deskOf(app: SuiteAppClient) {
  return app.channel("desk", { id: "1" }, { from: "start" });
}

/** Resolves when this handler was started, as `hold it`. */
export async function startOf(desk: Desk, what: string): Promise<void> {
  for await (const { event, data } of desk) if (event === "started" && data === what) return;
}

/** What handlers were started, as they were: all up to a call that is made now. */
export async function startedBefore(desk: Desk, end: string): Promise<readonly string[]> {
  const told = await toldBefore(desk, end);
  return told.flatMap(({ event, data }) => (event === "started" ? [data] : []));
}

export async function toldBefore(
  desk: Desk,
  end: string,
): Promise<readonly { readonly event: string; readonly data: string }[]> {
  const told: { readonly event: string; readonly data: string }[] = [];
  await desk.call.echo(end);
  for await (const { event, data } of desk) {
    if (data === `echo ${end}`) break;
    told.push({ event, data });
  }
  return told;
}
