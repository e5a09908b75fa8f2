#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Listens to events of the API, on its unix socket.
  api_events.py many SOCKET N FILE    N streams; FILE has "open" once all of them were greeted; ends when all have been told of a stop
  api_events.py stuck SOCKET FILE     one that takes nothing after its greeting; ends when the service ends it"""
import select
import selectors
import socket
import sys
import time

REQUEST = b'GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n'


def listen(path):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(60)
    s.connect(path)
    s.sendall(REQUEST)
    return s


def until(s, word, had=b''):
    while word not in had:
        more = s.recv(65536)
        if not more:
            sys.exit(f'ended without {word!r} after {had[-300:]!r}')
        had += more
    return had


def say(path):
    with open(path, 'w', encoding='ascii') as out:
        out.write('open\n')


def many(path, n, file):
    streams, waits = {}, selectors.DefaultSelector()
    for _ in range(n):
        s = listen(path)
        streams[s] = until(s, b'event: hello')  # one after the other: no more than may wait to be accepted
        waits.register(s, selectors.EVENT_READ)
    say(file)
    end = time.monotonic() + 120
    while streams and time.monotonic() < end:
        for key, _ in waits.select(1):
            more = key.fileobj.recv(65536)
            if not more:
                sys.exit(f'ended without a stop after {streams[key.fileobj][-300:]!r}')
            streams[key.fileobj] = streams[key.fileobj][-100:] + more
            if b'"event":"stop"' in streams[key.fileobj]:
                del streams[key.fileobj]
                waits.unregister(key.fileobj)
    print(f'{n - len(streams)} streams were told')


def stuck(path, file):
    s = listen(path)
    until(s, b'event: hello')
    say(file)
    poll_until_closed(s)
    print('closed')


# The peer's end shows as a hang-up without anything being read.
def poll_until_closed(s):
    p = select.poll()
    p.register(s, select.POLLHUP)
    end = time.monotonic() + 60
    while not p.poll(1000):
        if time.monotonic() > end:
            sys.exit('it is open still')


if __name__ == '__main__':
    if sys.argv[1] == 'many':
        many(sys.argv[2], int(sys.argv[3]), sys.argv[4])
    else:
        stuck(sys.argv[2], sys.argv[3])
