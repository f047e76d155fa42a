/** The server of a case, for whatever host the suite is run behind. */
import { eitherway, type NodeEitherway, type NodeEitherwayOptions } from "../node/index.ts";
import { SUITE_APP } from "./suite-app.ts";
import type { ServerSettings, SuiteProducer, SuiteServer } from "./transport-case.ts";

/** What there is of an `Eitherway` with the application of the suite and of one without it. */
export interface SuiteEitherway
  extends Pick<NodeEitherway, "attach" | "listen" | "fetch" | "stats" | "close">,
    Pick<SuiteServer, "publish" | "stream"> {}

/**
 * `eitherway(settings)`, with the application of the suite where a case asks for it.
 *
 * @example
 * transportSuite({ test, start: async (settings) => startMyHost(createSuiteServer(settings)) });
 */
export function createSuiteServer({
  application = false,
  ...options
}: ServerSettings & NodeEitherwayOptions): SuiteEitherway {
  return application ? serveSuiteApp(options) : eitherway(options);
}

function serveSuiteApp(options: NodeEitherwayOptions): SuiteEitherway {
  const ew = eitherway(SUITE_APP, options);
  const held = new Map<string, () => void>();
  const producers = new Map<string, SuiteProducer & { cancel(): void }>();

  ew.channel("desk", {
    calls: {
      async echo({ input, publish }) {
        await publish("started", `echo ${input}`);
        return input;
      },
      async hold({ input, publish }) {
        const released = new Promise<void>((resolve) => held.set(input, resolve));
        await publish("started", `hold ${input}`);
        await released;
        return input;
      },
      release: ({ input }) => held.get(input)?.(),
      refuse: ({ input, fail }) => fail("refused", input),
      async produce({ input, params, publish }) {
        const answer = ew.stream("desk", params, "answer");
        producers.set(params.id, answer);
        answer.signal.addEventListener("abort", async () => {
          await publish("cancelled", params.id);
          await answer.end();
        });
        await answer.append(input);
      },
      append: ({ input, params }) => producers.get(params.id)?.append(input),
      finish: ({ params }) => producers.get(params.id)?.end(),
      async stop({ params, publish }) {
        await publish("started", "stop");
        producers.get(params.id)?.cancel();
      },
    },
  });

  return {
    ...ew,
    publish() {
      throw new Error("Its channels are played by calls.");
    },
    stream(channel) {
      throw new Error(`Call "produce" of ${channel} instead.`);
    },
  };
}
