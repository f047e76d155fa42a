/** Ports: how a tab and a hub talk, whatever carries it. Order holds; nothing says that the other side still lives. */

export interface Port<In, Out> {
  send(message: Out): void;
  /** Once. What came before waits for it. */
  listen(listener: PortListener<In>): void;
  /** Nothing is called back after it. */
  close(): void;
}

export interface PortListener<In> {
  message(message: In): void;
  /** The other side is gone. Many ways never tell. */
  closed(): void;
}

export function createMessagePort<In, Out>(port: MessagePort): Port<In, Out> {
  const listening = new AbortController();
  const { signal } = listening;
  return {
    send: (message) => port.postMessage(message),
    listen({ message, closed }) {
      port.addEventListener("message", ({ data }) => message(data as In), { signal });
      port.addEventListener("close", closed, { signal }); // not in every browser
      port.start();
    },
    close() {
      listening.abort();
      port.close();
    },
  };
}

/** One of the two ends that open the same name. What is sent before the other one listens is lost. */
export function createBroadcastPort<In, Out>(name: string): Port<In, Out> {
  const channel = new BroadcastChannel(name);
  const early: In[] = [];
  channel.onmessage = ({ data }) => void early.push(data as In);
  return {
    send: (message) => channel.postMessage(message),
    listen({ message }) {
      channel.onmessage = ({ data }) => message(data as In);
      for (const data of early.splice(0)) message(data);
    },
    close: () => channel.close(),
  };
}

/** Two ends in one place. Messages are copied, since what is kept on one side must not change with what is done on the other. */
export function createPortPair<A, B>(): [Port<A, B>, Port<B, A>] {
  const first = createEnd<A>();
  const second = createEnd<B>();
  const portOf = <In, Out>(own: End<In>, other: End<Out>): Port<In, Out> => ({
    send: (message) => other.deliver(structuredClone(message)),
    listen: own.listen,
    close() {
      own.over = true;
      other.leave();
    },
  });
  return [portOf(first, second), portOf(second, first)];
}

interface End<In> {
  over: boolean;
  deliver(message: In): void;
  leave(): void;
  listen(listener: PortListener<In>): void;
}

function createEnd<In>(): End<In> {
  let listener: PortListener<In> | undefined;
  let waiting: ((to: PortListener<In>) => void)[] = [];
  /** Never inside the sender's call, as with any other port. */
  function later(run: (to: PortListener<In>) => void): void {
    if (!listener) waiting.push(run);
    else
      queueMicrotask(() => {
        if (listener && !end.over) run(listener);
      });
  }
  const end: End<In> = {
    over: false,
    deliver: (message) => later((to) => to.message(message)),
    leave: () => later((to) => to.closed()),
    listen(given) {
      listener = given;
      const early = waiting;
      waiting = [];
      for (const run of early) later(run);
    },
  };
  return end;
}
