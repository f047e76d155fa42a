"""Holds wire.py against the vectors of the package: python3 check_vectors.py ../../packages/eitherway/vectors"""
import base64
import json
import sys
from pathlib import Path

from wire import EitherwayError, SseDecoder, format_id, hello_frame, messages_of, parse_id, publish_frame
from wire import read_frame, write_frame

FOLDER = Path(sys.argv[1])
VALUE_OF = {"json": json.loads, "text": str, "bytes": base64.b64decode}
NAMES = {"c": "channel", "k": "key", "i": "id"}
passed = 0


def vectors(name):
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))


def same(name, actual, expected):
    global passed
    if actual != expected:
        sys.exit(f"{name}:\n  {actual!r} is not\n  {expected!r}")
    passed += 1


def written(frame):
    """A frame of a client from its meaning; None for those that this client does not write."""
    if frame["t"] == "hello" and "present" not in frame:
        return hello_frame(frame["client"], dict(frame["channels"]), frame.get("token"), frame.get("wait"))
    if frame["t"] == "publish":
        kind, data = value_of(frame["payload"])
        return publish_frame(frame["key"], frame["channel"], data, frame["event"], kind)
    return None


def value_of(payload):
    return payload["kind"], VALUE_OF[payload["kind"]](payload["data"])


def said(frame):
    """What a frame of the server says, but for its code: `retry` is what counts [J7], and a meaning has none."""
    if frame["t"] == "messages":
        return [(skipped, *message[:7]) for skipped, message in messages_of(frame)]
    return {NAMES.get(name, name): value for name, value in frame.items() if name not in ("retry", "x", "code")}


def is_known(frame):
    """Not what presence, calls and collapse keys bring: a reader leaves alone what it does not know [J1]."""
    volatile = frame["t"] == "messages" and "id" not in frame["messages"][0]
    more = any(name in frame for name in ("answer", "details", "latest"))
    return frame["t"] not in ("presence", "running", "refresh") and not volatile and not more


def meant(frame):
    if frame["t"] != "messages":
        return {name: value for name, value in frame.items() if name != "code"}
    channel = frame["channel"]
    return [
        (one["skipped"], one["id"], channel, one["event"], *value_of(one["payload"]), one["at"], one.get("from"))
        for one in frame["messages"]
    ]


ids = vectors("ids")
for one in ids["good"]:
    same(one["id"], parse_id(one["id"]), (one["epoch"], one["seq"]))
    same(one["id"], format_id(one["epoch"], one["seq"]), one["id"])
for text in ids["bad"]:
    same(f"{text!r} is no id", parse_id(text), None)

frames = vectors("frames")
for one in frames["client"]:
    frame = written(one["frame"])
    if frame and one["written"]:
        same(one["name"], json.loads(write_frame(frame)), json.loads(one["json"]))
for one in frames["server"]:
    frame = read_frame(one["json"])
    if is_known(one["frame"]):
        same(one["name"], said(frame), meant(one["frame"]))
for one in frames["badServer"]:
    if one["code"] == "unknown-frame":
        continue  # passed over, so that newer servers may say more
    try:
        sys.exit(f"{one['name']}: taken for {read_frame(one['json'])}")
    except EitherwayError:
        passed += 1

for one in vectors("sse")["read"]:
    stream = bytes.fromhex(one["hex"])
    events = [(event["event"], event["data"], event["id"]) for event in one["events"]]
    for cut in range(len(stream) + 1):
        decoder = SseDecoder()
        heard = [*decoder.feed(stream[:cut]), *decoder.feed(stream[cut:])]
        expected = (events, one["lastEventId"], (one["retries"] or [0])[-1])
        same(f"{one['name']}, cut at {cut}", (heard, decoder.last_id, decoder.retry), expected)

print(f"{passed} passed")
