"""Drives clients of examples/python by lines of JSON: what to do comes in, what happens goes out. Ends with its input."""
import base64
import json
import queue
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[4] / "examples" / "python"))

from eitherway import Client, EitherwayError  # noqa: E402

output = threading.Lock()
clients = {}


def tell(**what):
    with output:
        print(json.dumps(what), flush=True)


class Driven:
    """A client. Publishes wait in a line of their own, since each waits for its answer."""

    def __init__(self, name, url, transport, chance):
        self.name = name
        chances = {} if chance is None else {"chance": lambda: chance}
        self.client = Client(url, transport=transport, **chances)
        self.stops = {}
        self.publishes = queue.Queue()
        threading.Thread(target=self.publish_all, daemon=True).start()

    def subscribe(self, which, channel, start):
        def on(event):
            return lambda value: tell(client=self.name, which=which, on=event, value=value, holes=self.client.holes)

        self.stops[which] = self.client.subscribe(
            channel,
            lambda message: on("message")({**message._asdict(), "data": to_wire(message.kind, message.data)}),
            start=start,
            on_live=on("live"),
            on_gap=on("gap"),
            on_error=lambda error: on("error")({"code": error.code, "message": str(error)}),
        )

    def publish_all(self):
        while True:
            which, channel, data, options = self.publishes.get()
            try:
                answer = {"id": self.client.publish(channel, data, **options)}
            except EitherwayError as error:
                answer = {"code": error.code, "message": str(error)}
            tell(client=self.name, which=which, on="answer", value=answer)


def to_wire(kind, data):
    return base64.b64encode(data).decode() if kind == "bytes" else data


def from_wire(kind, data):
    return base64.b64decode(data) if kind == "bytes" else data


for line in sys.stdin:
    order = json.loads(line)
    name, do = order["client"], order["do"]
    if do == "open":
        clients[name] = Driven(name, order["url"], order["transport"], order.get("chance"))
    elif do == "subscribe":
        clients[name].subscribe(order["which"], order["channel"], order["start"])
    elif do == "stop":
        clients[name].stops.pop(order["which"])()
    elif do == "publish":
        data = from_wire(order["options"].get("kind"), order["data"])
        clients[name].publishes.put((order["which"], order["channel"], data, order["options"]))
    elif do == "reconnect":
        clients[name].client.reconnect()
    elif do == "close":
        clients[name].client.close()
        tell(client=name, which=order["which"], on="answer", value={"id": ""})
