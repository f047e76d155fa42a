"""Prints a channel as it grows: python3 tail.py http://127.0.0.1:8000/eitherway room/42"""
import sys
import time

from eitherway import Client

url, channel = sys.argv[1:]
client = Client(url)
client.subscribe(channel, lambda message: print(message.id, message.event, message.data, flush=True), start="start")
try:
    while True:
        time.sleep(60)
except KeyboardInterrupt:
    client.close()
