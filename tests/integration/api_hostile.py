#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A hostile client of plimsolld's API: too large, too slow, malformed, too many, in disguise. Nothing of it may be answered with
what is behind a role, end the service, or keep others from being answered.
  api_hostile.py HOST PORT SOCKET PID SEED"""
import random
import re
import resource
import select
import socket
import sys
import time

HOST, PORT, LOCAL, PID, SEED = sys.argv[1], int(sys.argv[2]), sys.argv[3], int(sys.argv[4]), int(sys.argv[5])
faults = []
checks = 0


def check(what, good, said=b''):
    global checks
    checks += 1
    if not good:
        faults.append(f'{what}: {said[:300]!r}')


def tcp():
    s = socket.create_connection((HOST, PORT), timeout=15)
    s.settimeout(15)
    return s


def local():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(15)
    s.connect(LOCAL)
    return s


def read_all(s):
    out = b''
    try:
        while True:
            more = s.recv(65536)
            if not more:
                break
            out += more
    except OSError:
        pass
    return out


def ask(raw, connect=tcp, ends=True):
    """What comes back: bytes until the server closes."""
    s = connect()
    try:
        s.sendall(raw)
        if ends:
            s.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    out = read_all(s)
    s.close()
    return out


def status(answer):
    m = re.match(rb'HTTP/1\.[01] (\d{3})', answer)
    return int(m[1]) if m else 0


def get(path, *headers, host=b'127.0.0.1', method=b'GET', connect=tcp):
    lines = [method + b' ' + path + b' HTTP/1.1', b'Host: ' + host, b'Connection: close', *headers]
    return ask(b'\r\n'.join(lines) + b'\r\n\r\n', connect, False)


def lives(when):
    a = get(b'/healthz', connect=local)
    check(f'it lives after {when}', status(a) == 200, a)


def memory():
    for line in open(f'/proc/{PID}/status', encoding='ascii'):
        if line.startswith('VmRSS'):
            return int(line.split()[1])
    return 0


def too_large():
    check('headers of 100 KiB', status(get(b'/healthz', b'X: ' + b'a' * 100000)) in (0, 400, 413, 431))
    check('3,000 headers', status(get(b'/healthz', *[b'X%d: y' % i for i in range(3000)])) in (0, 400, 413, 431))
    check('a path of 8 KiB', status(get(b'/' + b'a' * 8000)) in (0, 400, 414, 431))
    check('a query of 40 pairs', status(get(b'/healthz?' + b'&'.join(b'a%d=1' % i for i in range(40)))) == 400)
    check('10 MB announced', status(get(b'/metrics', b'Content-Length: 10000000', method=b'PUT')) in (401, 405, 413))
    body = b'PUT /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n' + b'x' * 200000
    check('more than announced', status(ask(body)) in (0, 400, 401, 405))
    for n in (b'-1', b'18446744073709551616', b'1e3', b'0x10', b'+5', b' '):
        check(f'Content-Length {n}', status(get(b'/api/v1/stop', b'Content-Length: ' + n, method=b'PUT')) not in (200, 202))
    lives('what is too large')


def malformed():
    for raw in (b'\x00' * 100, b'\xff\xfe\r\n\r\n', b'GET\r\n\r\n', b'GET /healthz\r\n\r\n', b'GET /metrics HTTP/9.9\r\n\r\n',
                b'get /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n', b'GET /metrics HTTP/1.1\r\n\r\n',
                b'GET  /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n', b'GET /metrics HTTP/1.1\nHost: localhost\n\n',
                b'GET /metrics HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n',
                b'GET /metrics HTTP/1.1\r\nHost\r\n\r\n', b'GET /metrics HTTP/1.1\r\n: x\r\nHost: localhost\r\n\r\n',
                b'GET /metrics HTTP/1.1\r\nHost: localhost\r\n folded: x\r\n\r\n', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
                b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', b'CONNECT evil:1 HTTP/1.1\r\nHost: evil\r\n\r\n',
                b'GET http://127.0.0.1/metrics HTTP/1.1\r\nHost: evil\r\n\r\n', b'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n'):
        a = ask(raw)
        check(f'{raw[:60]!r}', status(a) not in (200, 202), a)
    smuggle = (b'PUT /api/v1/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'
               b'0\r\n\r\nGET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n')
    a = ask(smuggle)
    check('both lengths', b'plimsoll_build_info' not in a and status(a) not in (200, 202), a)
    a = ask(b'PUT /api/v1/stop HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}}')
    check('two lengths', status(a) not in (200, 202), a)
    lives('what is malformed')


def smuggled():
    """Where the head is odd, a proxy before the service may see the request end elsewhere: what stands behind it is answered by nobody."""
    head = b'PUT /api/v1/hosts/h9/maintenance HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
    second = b'GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'
    n = b'%d' % len(second)
    for lines in (b'Content-Length : ' + n, b'Transfer-Encoding : chunked\r\nContent-Length: 2', b'X: a\rContent-Length: ' + n, b'X: a\0\r\nContent-Length: ' + n,
                  b'X: a\0b', b'X: a\x0bContent-Length: ' + n, b'X: \x7f', b'X y: z', b'X\xe9: z', b'(X): z', b'Content-Length: +' + n,
                  b'Content-Length: ' + n + b', ' + n, b'Content-Length: 0x3a', b'Transfer-Encoding:\tchunked', b'Transfer-Encoding: xchunked',
                  b'Content-Length: ' + n + b'\r\nContent-Length: ' + n, b'X: none'):
        a = ask(head + lines + b'\r\n\r\n' + second, local)
        check(f'behind {lines!r}', b'plimsoll_build_info' not in a and len(re.findall(rb'HTTP/1\.1 \d{3}', a)) <= 2 and status(a) not in (200, 202), a)
    a = get(b'/api/v1/settings?cluster=t&cluster=u', connect=local)
    check('a parameter that is given twice', status(a) == 400 and b'more than once' in a, a)
    lives('what was smuggled')


def slow_bodies():
    """The body comes a byte at a time: as with slow heads, its connection ends, and others are answered."""
    drips = [local() for _ in range(20)]
    for s in drips:
        s.sendall(b'PUT /api/v1/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 50000\r\n\r\n{')
    ended, begun = set(), time.monotonic()
    while len(ended) < len(drips) and time.monotonic() - begun < 12:
        for s in set(drips) - ended:
            try:
                s.send(b' ')
                if select.select([s], [], [], 0)[0] and not s.recv(100):
                    ended.add(s)
            except OSError:
                ended.add(s)
        lives('slow bodies')
        time.sleep(0.2)
    check(f'slow bodies were ended: {len(ended)} of {len(drips)}', len(ended) == len(drips))
    for s in drips:
        s.close()


def unread():
    """100 event streams whose clients read nothing: those beyond api.streams are refused, and others are answered."""
    held = []
    for _ in range(100):
        try:
            s = local()
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            s.sendall(b'GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n')
            held.append(s)
        except OSError:
            break
    for _ in range(20):
        a = get(b'/api/v1/clusters', connect=local)
        check('beside unread streams', status(a) in (0, 200, 503), a)  # 0: more connections than api.connections
    for s in held:
        s.close()
    for _ in range(100):
        if status(get(b'/healthz', connect=local)) == 200:
            break
        time.sleep(0.1)
    lives('unread streams')


def paths():
    for path in (b'/../metrics', b'/%2e%2e/metrics', b'/./metrics', b'//metrics', b'/metrics/', b'/metrics/.', b'/metrics%00',
                 b'/metrics%', b'/metrics%zz', b'/%6detrics%2f', b'/api/v1/../../metrics', b'/api/v1/hosts/..%2f..%2fetc%2fpasswd',
                 b'/api/v1/hosts/%00', b'/..;/metrics', b'/metrics;a=b', b'/metrics?%zz', b'/metrics#x', b'/METRICS', b'/%C0%AE%C0%AE/metrics'):
        a = get(path)
        check(f'{path!r}', status(a) in (400, 401, 404) and b'plimsoll_build_info' not in a, a)
        a = get(path, connect=local)
        check(f'{path!r} by who may', status(a) in (400, 404, 503), a)
    lives('path tricks')


def disguise():
    for host in (b'evil.example', b'localhost.evil.example', b'127.0.0.1.evil', b'localhost@evil', b'localhost:80:80', b'[::1', b'',
                 b'localhost:http', b'127.0.0.2'):
        a = get(b'/healthz', host=host)
        check(f'Host {host!r}', status(a) in (400, 421), a)
    for origin in (b'https://evil.example', b'null', b'http://localhost', b'https://drs.example.evil', b'https://drs.example:444'):
        a = get(b'/healthz', b'Origin: ' + origin)
        check(f'Origin {origin!r}', status(a) == 403, a)
    a = get(b'/healthz', b'Origin: https://drs.example', b'Origin: https://evil.example')
    check('two origins', status(a) == 403, a)
    for what in (b'Bearer', b'Bearer ', b'Basic cm9vdDpyb290', b'Bearer plt_', b'Bearer ' + b'a' * 5000, b"Bearer ' OR 1=1 --",
                 b'Bearer plt_%s' % (b'0' * 64)):
        a = get(b'/metrics', b'Authorization: ' + what)
        check(f'{what[:40]!r}', status(a) in (400, 401, 429), a)
    check('a few wrong ones', status(get(b'/metrics', b'Authorization: Bearer plt_' + b'1' * 64)) == 429)
    a = get(b'/metrics?token=plt_' + b'0' * 64)
    check('a token in the URL is none', status(a) == 401, a)
    lives('disguises')


def slow():
    """A byte now and then: its connection ends after api.time (2 s here), and others are answered meanwhile."""
    drips = [tcp() for _ in range(20)]
    begun = time.monotonic()
    ended = {}
    text = b'GET /healthz HTTP/1.1\r\nX-Slow: ' + b'a' * 400
    for i in range(60):
        for s in drips:
            if s in ended:
                continue
            try:
                s.send(text[i:i + 1])
            except OSError:
                ended[s] = time.monotonic() - begun
                continue
            if select.select([s], [], [], 0)[0]:
                try:
                    if not s.recv(100):
                        ended[s] = time.monotonic() - begun
                except OSError:
                    ended[s] = time.monotonic() - begun
        if i % 5 == 0:
            lives('slow clients')
        if len(ended) == len(drips):
            break
        time.sleep(0.2)
    check(f'slow clients were ended: {len(ended)} of {len(drips)}, the last after {max(ended.values(), default=0):.1f} s',
          len(ended) == len(drips))
    for s in drips:
        s.close()


def many():
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    held = []
    for _ in range(1000):
        try:
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex((HOST, PORT))
            held.append(s)
        except OSError:
            break
    time.sleep(0.2)
    check(f'{len(held)} connections were tried', len(held) > 500)
    lives('1,000 connections')
    for s in held:
        s.close()
    for i in range(50):
        if status(get(b'/healthz')) == 200:
            break
        time.sleep(0.2)
    check('TCP answers again', status(get(b'/healthz')) == 200)


def rude():
    """Ends in the middle; asks much and reads nothing."""
    for n in (1, 10, 30, 60):
        s = tcp()
        s.sendall(b'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'[:n])
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\x01\x00\x00\x00\x00\x00\x00\x00')
        s.close()
    for connect in (tcp, local):
        held = []
        for _ in range(10):
            s = connect()
            s.setblocking(False)
            try:
                s.send(b'GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n' * 400)
            except OSError:
                pass
            held.append(s)
        for s in held:
            s.close()
    time.sleep(0.2)
    for i in range(100):  # its rate was used up
        if status(get(b'/healthz', connect=local)) == 200:
            break
        time.sleep(0.1)
    lives('rude clients')


def kept():
    """Answers that are kept for all: clients that go in the middle of one, odd conditions, and more pages than are kept."""
    g = random.Random(SEED + 1)
    whole = get(b'/api/v1/settings', connect=local)
    check('settings are answered', status(whole) == 200 and len(whole) > 10000, whole)
    for _ in range(100):
        s = local()
        s.sendall(b'GET /api/v1/settings HTTP/1.1\r\nHost: localhost\r\n' + g.choice((b'', b'Accept-Encoding: gzip\r\n', b'Range: bytes=5-\r\n')) + b'\r\n')
        s.recv(g.choice((1, 100, 5000)))
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b'\x01\x00\x00\x00\x00\x00\x00\x00')
        s.close()
    for tags in (b'*', b'W/"', b'""', b'"' * 5000, b'W/"' + b'f' * 32 + b'"', b'\xff\xfe'):
        a = get(b'/api/v1/settings', b'If-None-Match: ' + tags, connect=local)
        check(f'If-None-Match {tags[:20]!r}', status(a) == (304 if tags == b'*' else 200) and (status(a) == 200 or a.endswith(b'\r\n\r\n')), a)
    for coding in (b'gzip;q=0', b'gzipped', b'x-gzip;q=0, identity', b'*;q=0', b'gzip' * 1000):
        a = get(b'/api/v1/settings', b'Accept-Encoding: ' + coding, connect=local)
        check(f'Accept-Encoding {coding[:20]!r}', status(a) == 200 and b'\r\nContent-Encoding' not in a and b'"plimsoll.settings/1"' in a, a)
    for i in range(300):
        a = get(b'/api/v1/hosts?limit=%d&q=%s' % (i % 500 + 1, b'x' * g.randint(1, 900)), connect=local)
        check('a page of its own', status(a) in (200, 429, 503), a)
    a = get(b'/api/v1/settings', connect=tcp)
    check('what is kept is nobody\'s without a role', status(a) in (401, 429) and b'plimsoll.settings' not in a, a)
    check('it is as it was', get(b'/api/v1/settings', connect=local).split(b'\r\n\r\n', 1)[1] == whole.split(b'\r\n\r\n', 1)[1])
    lives('kept answers')


def put(path, body):
    return get(path, b'Content-Type: application/json', b'Content-Length: %d' % len(body), method=b'PUT', connect=lambda: Sender(body))


class Sender:
    """A unix socket that sends a body behind the head."""

    def __init__(self, body):
        self.s, self.body = local(), body

    def sendall(self, head):
        self.s.sendall(head + self.body)

    def __getattr__(self, name):
        return getattr(self.s, name)


def bodies():
    for body in (b'[' * 60000, b'{"why":' * 8000, b'{"why": "' + b'\\u0000' * 10 + b'"}', b'{"why": "a\nb"}', b'{"why": 1e999}', b'{"why": "\xff"}',
                 b'{"why": "a", "why": "b"}', b'{"__proto__": {}}', b'[]', b'null', b'{"why": ["a"]}', b'{"kinds": ' + b'9' * 5000 + b'}',
                 b'{"why": "x\\u001b[31m\\nevil"}'):
        a = put(b'/api/v1/stop', body)
        check(f'a body {body[:30]!r}', status(a) in (400, 422), a)
    for name in (b'h%22%20who=evil', b'h%20level=error', b'x%3Dy', b'%F0%9F%98%80', b'h%E2%80%AE1', b'--help', b'-v', b'h*', b'h1,h2', b'host:x'):
        a = put(b'/api/v1/hosts/' + name + b'/maintenance', b'{}')
        check(f'a name {name!r}', status(a) in (400, 404, 503), a)  # 503: no host has reported
    lives('bodies')


def noise():
    g = random.Random(SEED)
    good = [b'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n',
            b'PUT /api/v1/stop HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n{"why": "abc"}',
            b'GET /metrics?a=b%20c HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer plt_00\r\nIf-Match: "x"\r\n\r\n']
    for _ in range(300):
        raw = bytearray(g.choice(good))
        for _ in range(g.randint(1, 8)):
            at = g.randrange(len(raw))
            how = g.randrange(3)
            if how == 0:
                raw[at] = g.randrange(256)
            elif how == 1:
                raw[at:at] = bytes(g.randrange(256) for _ in range(g.randint(1, 20)))
            else:
                del raw[at:at + g.randint(1, 10)]
            if not raw:
                raw = bytearray(b'x')
        a = ask(bytes(raw))
        check(f'{bytes(raw)!r}', b'plimsoll_build_info' not in a and status(a) != 202, a)
    time.sleep(0.2)
    lives('noise')


def main():
    before = memory()
    for step in (too_large, malformed, smuggled, paths, disguise, slow, slow_bodies, many, unread, rude, kept, bodies, noise):
        try:
            step()
        except (OSError, TimeoutError) as e:
            check(f'{step.__name__}: {e}', False)
    grown = memory() - before
    if b'__asan_init' not in open(f'/proc/{PID}/exe', 'rb').read():  # under ASan memory says nothing
        check(f'memory grew by {grown} KiB', grown < 60000)
    print('\n'.join(faults), end='\n' if faults else '')
    print(f'{checks} checks, {len(faults)} faults')
    return 1 if faults or checks < 400 else 0


if __name__ == '__main__':
    sys.exit(main())
