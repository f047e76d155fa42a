"""A client of Eitherway in the standard library alone, written from PROTOCOL.md; the rules it keeps stand in brackets.

    client = Client("http://127.0.0.1:8000/eitherway")
    client.subscribe("room/42", lambda message: print(message.id, message.data))
    client.publish("room/42", {"text": "hi"})

A thread of its own reads, by event streams or long-polls, and calls the handlers. `publish` waits for the answer.
"""
import http.client
import random
import secrets
import socket
import threading
import time
import traceback
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Callable, Optional
from urllib.parse import urlsplit

from wire import EitherwayError, Message, SseDecoder, hello_frame, messages_of, parse_id, publish_frame
from wire import read_frame, refusal_of, write_frame

CONNECT_S = 10  # from a request to its first byte
ANSWER_S = 30  # to a publish
WAIT_S = 25  # of a long-poll: less than the 30 s after which some proxies give up
KEY_WINDOW_S = 300  # until a welcome tells it [K7]
QUIET_PINGS = 2.5  # a stream that is silent for so many pings is dead [L7]
GATHER_S = 0.05  # channels that change together change by one new link
HEALTHY_S = 10  # after a link that lived this long, pauses begin small again

BROKEN = (OSError, http.client.HTTPException)


@dataclass(eq=False)
class Subscription:
    cursor: str
    on_message: Callable[[Message], Any]
    on_live: Callable[[str], Any]
    on_gap: Callable[[dict], Any]
    on_error: Callable[[EitherwayError], Any]
    live: bool = False


class Client:
    def __init__(self, url, *, transport="sse", token=None, chance=random.random):
        address = urlsplit(url)
        https = address.scheme == "https"
        self._connection = http.client.HTTPSConnection if https else http.client.HTTPConnection
        self._host, self._path, self._token, self._chance = address.netloc, address.path.rstrip("/"), token, chance
        self.id = secrets.token_hex(12)  # [N4]
        self.holes = 0  # times that ids did not join up [C6]: always 0, or there is a defect
        self._link = {"sse": self._stream, "poll": self._poll}[transport]
        self._publishing = threading.Lock()  # one batch in flight [K9]
        self._counter = 0
        self._key_window = KEY_WINDOW_S
        self._changed = threading.Condition()  # guards what follows
        self._subscriptions: dict[str, Subscription] = {}
        self._wanted = 0  # counts up when another link is wanted
        self._socket: Optional[socket.socket] = None  # of the link in use
        self._over: Optional[EitherwayError] = None
        threading.Thread(target=self._read, daemon=True).start()

    def subscribe(self, channel, on_message, *, start="now", on_live=lambda id: None, on_gap=print, on_error=print):
        """From after an id, from `start` or from `now`. A channel has one subscription; what is given back ends it."""
        own = Subscription(start, on_message, on_live, on_gap, on_error)
        with self._changed:
            self._subscriptions[channel] = own
        self.reconnect()
        return lambda: self._forget(channel, own) and self.reconnect()

    def publish(self, channel, data, *, event="message", kind=None, key=None):
        """Gives the id once the message is stored. Without `kind` bytes are bytes, and everything else is json."""
        with self._publishing:
            self._counter += 1  # higher than all before it, on every channel [K4]
            frame = publish_frame(key or f"{self.id}.{self._counter}", channel, data, event, kind)
            lines = [self._hello({}), write_frame(frame)]
            began, attempt = time.monotonic(), 0
            while not self._over:
                if attempt and time.monotonic() - began > self._key_window:
                    break
                try:
                    with self._post("commands", lines, ANSWER_S) as answer:
                        receipt = read_frame(answer.readline())
                    if receipt["t"] == "ok":
                        return receipt.get("i")  # a volatile message has no id [D3]
                    raise EitherwayError(receipt["code"], receipt["message"], receipt["retry"])
                except (EitherwayError, *BROKEN) as error:
                    if not getattr(error, "retry", True):
                        raise
                    attempt += 1
                    self._rest(attempt, getattr(error, "after", 0))  # then the same key again [K7]
            raise EitherwayError("outcome-unknown", "nobody can tell any more") if attempt else self._over

    def reconnect(self):
        """Ends the link, if there is one. The next one goes on at the cursors."""
        with self._changed:
            self._wanted += 1
            self._changed.notify_all()
            if self._socket:
                try:
                    self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that reads from it
                except OSError:
                    pass  # the other end was first

    def close(self):
        self._end(EitherwayError("closed", "the client was closed"))

    # --- the link ---

    def _read(self):
        attempt = 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._over or self._subscriptions)
                if self._over:
                    return
                wanted, began, after = self._wanted, time.monotonic(), 0
                for own in self._subscriptions.values():
                    own.live = False
            try:
                self._link(wanted)
            except EitherwayError as error:
                if not error.retry:
                    return self._end(error)
                after = error.after
            except BROKEN:
                pass
            if self._wanted != wanted:
                time.sleep(GATHER_S)
                continue
            attempt = 0 if time.monotonic() - began > HEALTHY_S else attempt + 1
            self._rest(attempt, after)

    def _stream(self, wanted):
        decoder, routes = SseDecoder(), dict(self._subscriptions)
        try:
            with self._post("stream", [self._hello(routes)], CONNECT_S, wanted) as answer:
                while piece := answer.read1(65536):
                    for _, data, _ in decoder.feed(piece):
                        self._take(read_frame(data), routes)
        except BROKEN:
            pass  # a cut, or silence
        raise EitherwayError("unavailable", "the stream ended", True, decoder.retry / 1000)

    def _poll(self, wanted):
        wait, before = 0, None
        while self._wanted == wanted:
            routes = dict(self._subscriptions)
            hello = self._hello(routes, wait)
            if hello == before:
                self._rest(0, 1)  # nothing came of the same request: no loop without a pause
            with self._post("poll", [hello], CONNECT_S + wait, wanted) as answer:
                for line in answer.read().splitlines():
                    self._take(read_frame(line), routes)
            # Until every channel has said where it stands, "now" would move on with the waiting [T2, T3].
            wait, before = WAIT_S if all(own.live for own in routes.values()) else 0, hello

    def _take(self, frame, routes):
        channel = frame.get("c")
        own = routes.get(channel)
        if frame["t"] == "welcome":
            self._key_window = frame["keyWindow"] / 1000
            if self._socket and self._link == self._stream:
                self._socket.settimeout(QUIET_PINGS * frame["ping"] / 1000)
        elif frame["t"] == "bye":
            raise EitherwayError(frame["code"], frame["message"], frame["retry"], frame.get("after", 0) / 1000)
        elif not own or own is not self._subscriptions.get(channel):
            pass  # of a subscription that was ended meanwhile, a ping, or a frame of a newer protocol [J1]
        elif frame["t"] == "messages" and "i" not in frame:
            pass  # volatile, for whoever shows the moment: this client keeps to what the log has [D1]
        elif frame["t"] == "messages":
            self._take_run(channel, own, frame)
        elif frame["t"] == "live":
            own.cursor, came, own.live = frame["i"], own.live, True  # [C2]
            if not came:
                call(own.on_live, own.cursor)
        elif frame["t"] == "gap":
            own.cursor = frame["head"]  # [C4]
            call(own.on_gap, frame)
        elif frame["t"] == "error":
            error = EitherwayError(frame["code"], frame["message"], frame["retry"])
            if error.retry:
                raise error
            self._forget(channel, own)
            call(own.on_error, error)

    def _take_run(self, channel, own, frame):
        for skipped, message in messages_of(frame):
            (epoch, seq), place = parse_id(message.id), parse_id(own.cursor)
            if place and place[0] == epoch and seq <= place[1]:
                continue  # it came before [C7]
            if place and (place[0] != epoch or seq - skipped > place[1] + 1):
                self.holes += 1
                raise EitherwayError("internal", f"ids of {channel} do not join up", True)  # [C6]
            own.cursor = message.id
            call(own.on_message, message._replace(replayed=not own.live))
            if own is not self._subscriptions.get(channel):
                return  # the handler ended it

    # --- helpers ---

    def _hello(self, routes, wait=None):
        channels = {name: own.cursor for name, own in routes.items()}
        return write_frame(hello_frame(self.id, channels, self._token, wait))

    @contextmanager
    def _post(self, door, lines, timeout, wanted=None):
        """The answer to frames, once its headers are there. With `wanted` it is the link, if it still is to be."""
        connection = self._connection(self._host, timeout=timeout)
        try:
            connection.connect()
            if wanted is not None:
                with self._changed:
                    if self._wanted != wanted:
                        raise ConnectionAbortedError
                    self._socket = connection.sock
            connection.request("POST", f"{self._path}/{door}", "\n".join(lines).encode())
            answer = connection.getresponse()
            if answer.status != 200:
                raise refusal_of(answer.status, answer.getheader("retry-after"), answer.read())
            yield answer
        finally:
            if wanted is not None:
                with self._changed:
                    self._socket = None
            connection.close()

    def _rest(self, attempt, after):
        """Full jitter below a ceiling that doubles, above a floor, and never before `after` seconds [L10]."""
        ceiling, floor = min(30, 0.5 * 2**attempt), min(1, 0.1 * 2**attempt)
        pause = max(floor, self._chance() * ceiling, after and after + self._chance() / 2)
        with self._changed:
            self._changed.wait_for(lambda: self._over, pause)

    def _forget(self, channel, own):
        with self._changed:
            return self._subscriptions.get(channel) is own and self._subscriptions.pop(channel)

    def _end(self, error):
        with self._changed:
            self._over = self._over or error
            left, self._subscriptions = self._subscriptions, {}
        self.reconnect()
        if error.code != "closed":
            for own in left.values():
                call(own.on_error, error)


def call(handler, value):
    """A handler that throws is reported and holds nothing."""
    try:
        handler(value)
    except Exception:
        traceback.print_exc()
