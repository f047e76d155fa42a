"""Ids, frames and event streams, as PROTOCOL.md has them; the rules stand in brackets."""
import base64
import codecs
import json
import re
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, Optional

KINDS = {"d": "json", "s": "text", "b": "bytes"}
MOST_EVENT = 16 * 1024 * 1024  # characters of one event [M4]


class EitherwayError(Exception):
    """`code` is one of section 9. With `retry` the same thing may succeed later, but not before `after` seconds."""

    def __init__(self, code, message, retry=False, after=0):
        super().__init__(f"{code}: {message}")
        self.code, self.retry, self.after = code, retry, after


class Message(NamedTuple):
    id: str  # what to save, and to start from the next time
    channel: str
    event: str
    kind: str  # json, text or bytes
    data: Any
    at: int  # the server's time in milliseconds since 1970
    sender: Optional[str]
    replayed: bool = False  # it came from the log, before the subscription was live


# --- ids ---

DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
ID = re.compile(r"([0-9a-z]{12})-([0-9a-z]{8})")


def parse_id(text):
    """Epoch and seq [I1, I3]; None for what is no id, such as `start` and `now`."""
    match = isinstance(text, str) and ID.fullmatch(text)
    return (match[1], int(match[2], 36)) if match else None


def format_id(epoch, seq):
    return epoch + "-" + "".join(DIGITS[seq // 36**place % 36] for place in range(7, -1, -1))


# --- frames ---


def write_frame(frame):
    return json.dumps(frame, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def hello_frame(client, channels, token=None, wait=None):
    frame = {"t": "hello", "v": 1, "client": client, "token": token, "wait": wait, "channels": channels}
    return {name: value for name, value in frame.items() if value is not None}


def publish_frame(key, channel, data, event="message", kind=None):
    frame = {"t": "publish", "k": key, "c": channel}
    if event != "message":
        frame["e"] = event
    if isinstance(data, (bytes, bytearray)):
        return {**frame, "b": base64.b64encode(data).decode()}  # [J2]
    return {**frame, "s" if kind == "text" else "d": data}


def is_text(value):
    return isinstance(value, str)


def is_whole(value):
    return isinstance(value, int) and 0 <= value < 2**53  # [J5]


def is_run(entries):
    return isinstance(entries, list) and entries and all(len(KINDS.keys() & entry.keys()) == 1 for entry in entries)


SHAPES = {
    "welcome": {"ping": is_whole, "keyWindow": is_whole, "limits": dict},
    "messages": {"c": is_text, "i": lambda text: (parse_id(text) or (0, 0))[1] > 0, "at": is_whole, "m": is_run},
    "live": {"c": is_text, "i": parse_id},
    "gap": {"c": is_text, "why": {"trimmed", "epoch", "unknown"}.__contains__, "oldest": parse_id, "head": parse_id},
    "ok": {"k": is_text, "i": parse_id},
    "error": {"code": is_text, "message": is_text, "retry": {True, False}.__contains__},
    "bye": {"code": is_text, "message": is_text, "retry": {True, False}.__contains__},
}


def is_left_out(frame, name):
    """Volatile messages have no ids, and neither has what only became volatile ones [D1, D3]."""
    return name == "i" and frame["t"] in ("messages", "ok") and name not in frame


def read_frame(text):
    """A frame of the server. What is none is an error after which another link may do better [J6]."""
    try:
        frame = json.loads(text)
        shape = SHAPES.get(frame["t"], {})
        good = all(is_good(frame[name]) for name, is_good in shape.items() if not is_left_out(frame, name))
    except (ValueError, LookupError, TypeError, AttributeError):
        good = False
    if not good:
        raise EitherwayError("bad-frame", f"what came is no frame: {text[:100]!r}", True)
    return frame


def messages_of(frame):
    """Each message of a run, and how many ids just before it are not shown to this reader [J3, J4]."""
    epoch, seq = parse_id(frame["i"])
    for index, entry in enumerate(frame["m"]):
        skipped = entry.get("n", 0)
        if index > 0:
            seq += 1 + skipped
        [name] = KINDS.keys() & entry.keys()
        data = base64.b64decode(entry["b"]) if name == "b" else entry[name]
        event, at, sender = entry.get("e", "message"), entry.get("at", frame["at"]), entry.get("f")
        yield skipped, Message(format_id(epoch, seq), frame["c"], event, KINDS[name], data, at, sender)


def refusal_of(status, retry_after, body):
    """What an answer means that is not the one that was hoped for [X2]."""
    after = 0
    if retry_after and retry_after.isdigit():
        after = int(retry_after)
    elif retry_after:  # a date
        after = max(0, (parsedate_to_datetime(retry_after) - datetime.now(timezone.utc)).total_seconds())
    try:
        error = json.loads(body)["error"]
        return EitherwayError(error["code"], error["message"], error["retry"], after)
    except (ValueError, LookupError, TypeError):
        return EitherwayError("unavailable", f"something between answered {status}", True, after)


# --- event streams ---


class SseDecoder:
    """Reads an event stream from bytes, however they are cut (WHATWG HTML, "Server-sent events")."""

    def __init__(self):
        self.last_id, self.retry = "", 0  # milliseconds
        self._utf8 = codecs.getincrementaldecoder("utf-8-sig")("replace")
        self._line, self._after_cr, self._length = "", False, 0
        self._data, self._event, self._id = [], "", ""

    def feed(self, data):
        """What has ended by now: event, data and id of each."""
        text = self._utf8.decode(data)
        if not text:
            return
        if self._after_cr and text[0] == "\n":
            text = text[1:]
        self._after_cr = text.endswith("\r")
        self._length += len(text)
        *lines, self._line = re.split("\r\n|\r|\n", self._line + text)
        for line in lines:
            name, _, value = line.partition(":")
            value = value[1:] if value.startswith(" ") else value
            if not line:
                yield from self._end_block()
            elif name == "data":
                self._data.append(value)
            elif name == "event":
                self._event = value
            elif name == "id" and "\0" not in value:
                self._id = value
            elif name == "retry" and re.fullmatch("[0-9]+", value):
                self.retry = int(value)
        if self._length > MOST_EVENT:
            raise EitherwayError("too-large", "an event of the stream has no end", True)

    def _end_block(self):
        self.last_id, self._length = self._id, 0  # only a block that has ended counts [V3]
        data, event = self._data, self._event or "message"
        self._data, self._event = [], ""
        if data:
            yield event, "\n".join(data), self._id
