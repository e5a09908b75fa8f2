#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What one version writes, and whether another reads it: files, and all that stands in Redis.

usage: artefacts.py write BUILD DIR   the programs of BUILD live in a small cluster; what they wrote goes to DIR, as text
       artefacts.py dump SOCKET FILE  what stands in a Redis, as text (of streams the last entries)
       artefacts.py read BUILD DIR    the programs of BUILD read DIR: files, and each store*.json in a Redis of its own
       artefacts.py spoil BUILD DIR   each key of each store is spoiled in turn: `read` fails of it; those it does not notice are said
tests/releases/N.N.N is what `write` wrote with that version: tests/integration/releases_test.sh reads them all with this one.
tests/long/releases builds another version, and tries both directions. Exit status: 0, 1 something is wrong, 77 no redis-server.
"""
import datetime
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LAST = {'records': 3, 'journal': 60, 'audit': 40, 'faults:log': 20}  # entries of a stream that are kept


# ---- Redis -----------------------------------------------------------------------------------------------------------

class Redis:
    """A connection; all texts are bytes."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.stream = self.socket.makefile('rb')

    def __call__(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b'*%d\r\n' % len(words) + b''.join(b'$%d\r\n%s\r\n' % (len(w), w) for w in words))
        reply = self.reply()
        if isinstance(reply, Exception):
            raise reply
        return reply

    def reply(self):
        line = self.stream.readline().rstrip(b'\r\n')
        kind, rest = line[:1], line[1:]
        if kind == b'-':
            return RuntimeError(rest.decode())
        if kind == b':':
            return int(rest)
        if kind == b'$':
            return None if rest == b'-1' else self.stream.read(int(rest) + 2)[:-2]
        if kind == b'*':
            return None if rest == b'-1' else [self.reply() for _ in range(int(rest))]
        return rest


class Server:
    """A redis-server of its own in a folder that goes with it."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix='plimsoll-releases.')
        self.path = os.path.join(self.dir, 'redis.sock')
        self.url = 'unix://' + self.path
        self.process = subprocess.Popen(['redis-server', '--port', '0', '--unixsocket', self.path, '--save', '', '--dir', self.dir],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.redis = until('a private Redis', self.connected)
        return self

    def connected(self):
        try:
            r = Redis(self.path)
            return r if r('PING') == b'PONG' else None
        except (OSError, RuntimeError):
            return None

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self.dir)


def until(what, true, seconds=60):
    end = time.monotonic() + seconds
    while True:
        got = true()
        if got:
            return got
        if time.monotonic() > end:
            raise RuntimeError(f'{what} did not come')
        time.sleep(0.05)


def text(b):
    return b.decode('utf-8')  # all that is written is text: what is not would be seen here


def dumped(redis):
    """{written: microseconds, keys: {key: {type, value}}}; volatile keys, too: who reads them may find them."""
    store, now = {}, redis('TIME')
    for key in sorted(redis('KEYS', 'plimsoll:*')):
        kind, short = text(redis('TYPE', key)), text(key).split('}:')[1]
        if kind == 'string':
            value = text(redis('GET', key))
        elif kind == 'hash':
            flat = [text(x) for x in redis('HGETALL', key)]
            value = dict(sorted(zip(flat[::2], flat[1::2])))
        elif kind == 'set':
            value = sorted(text(x) for x in redis('SMEMBERS', key))
        elif kind == 'zset':
            flat = [text(x) for x in redis('ZRANGE', key, 0, -1, 'WITHSCORES')]
            value = dict(zip(flat[::2], flat[1::2]))
        elif kind == 'stream':
            entries = redis('XREVRANGE', key, '+', '-', 'COUNT', LAST[short])
            value = [[text(i), [text(x) for x in fields]] for i, fields in reversed(entries)]
        else:
            raise RuntimeError(f'{key}: what is a {kind}?')
        store[text(key)] = {'type': kind, 'value': value}
    return {'written': int(now[0]) * 1000000 + int(now[1]), 'keys': store}


YEAR = 366 * 86400 * 1000000


def aged_instant(m, written, later):
    """RFC 3339, with as many digits of a second as it had."""
    was = datetime.datetime.fromisoformat(m[0].replace('Z', '+00:00'))
    if abs(was.timestamp() * 1000000 - written) >= YEAR:
        return m[0]
    now, digits = was + datetime.timedelta(microseconds=later), len(m[1] or '.') - 1
    return now.strftime('%Y-%m-%dT%H:%M:%S') + (f'.{now.microsecond:06}'[:digits + 1] if digits else '') + 'Z'


def aged(what, written, later):
    """All times in it (microseconds, and milliseconds of a stream's ids), so much later: as fresh as when it was written."""
    if isinstance(what, str):
        what = re.sub(r'(?<![\w.])\d{16}(?!\w)', lambda m: str(int(m[0]) + later) if abs(int(m[0]) - written) < YEAR else m[0], what)
        what = re.sub(r'\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z', lambda m: aged_instant(m, written, later), what)
        return re.sub(r'(?<![\w.])\d{13}(?!\w)', lambda m: str(int(m[0]) + later // 1000) if abs(int(m[0]) * 1000 - written) < YEAR else m[0], what)
    if isinstance(what, dict):
        return {k: aged(v, written, later) for k, v in what.items()}
    if what and isinstance(what[0], list):
        return [[f'{int(i.split("-")[0]) + later // 1000}-{i.split("-")[1]}', aged(fields, written, later)] for i, fields in what]
    return [aged(x, written, later) for x in what]


def loaded(redis, store):
    now = redis('TIME')
    later = int(now[0]) * 1000000 + int(now[1]) - store['written']
    for key, was in store['keys'].items():
        kind, value = was['type'], aged(was['value'], store['written'], later)
        if kind == 'string':
            redis('SET', key, value)
        elif kind == 'hash':
            redis('HSET', key, *[x for pair in value.items() for x in pair])
        elif kind == 'set':
            redis('SADD', key, *value)
        elif kind == 'zset':
            redis('ZADD', key, *[x for name, score in value.items() for x in (score, name)])
        else:
            for i, fields in value:
                redis('XADD', key, i, *fields)


def write_json(path, what):
    with open(path, 'w', encoding='utf-8') as f:
        json.dump(what, f, indent=1, ensure_ascii=False)
        f.write('\n')


# ---- a small cluster, and people who use it ---------------------------------------------------------------------------

def report(host, vms, grade):
    """What an agent of a host with these VMs (name, thousandths of a core) writes."""
    now = int(time.time() * 1e6)
    rows = [f'plimsoll.report/1 {host} sent={now} seq={now} every=5000000', f'@host {now}', 'host.cpus\t\t16', 'host.daemon\t\t1',
            f'host.uuid\t\t0000000{host[-1]}-0000-4000-8000-000000000000', f'host.cpu.busy\t\t{300 + sum(cpu for _, cpu in vms)}',
            f'@memory {now}', 'host.memory.total\t\t65536', f'host.memory.available\t\t{65000 - 4096 * len(vms)}', f'@vms {now}']
    for i, (vm, cpu) in enumerate(vms):
        rows += [f'vm.uuid\t{vm}\t0000000{host[-1]}-0000-4000-8000-00000000000{i}', f'vm.state\t{vm}\trunning', f'vm.vcpus\t{vm}\t4',
                 f'vm.memory\t{vm}\t4096', f'vm.cpu\t{vm}\t{cpu}', f'vm.dirty\t{vm}\t0']
    if grade:
        rows += [f'@faults_d {now}', f'fault.grade\tpsu1\t{grade}', 'fault.why\tpsu1\tone of two power supplies is dead',
                 f'fault.grade\tfan2\t{grade}', 'fault.why\tfan2\tit stands still']
    return '\n'.join(rows) + '\n'


CROWDED = {'h1': [(f'web{i}', 2600) for i in range(1, 7)], 'h2': [('db1', 800)], 'h3': [('db2', 800)], 'h4': [('shop1', 700)]}


class World:
    def __init__(self, build, server):
        self.build, self.server, self.over, self.started = build, server, threading.Event(), []
        self.home = os.path.join(server.dir, 'home')
        os.mkdir(self.home)
        self.env = {'PATH': f'{build}:{os.environ["PATH"]}', 'HOME': self.home, 'LANG': 'C.UTF-8', 'TERM': 'dumb', 'COLUMNS': '100', 'USER': 'mia', 'LOGNAME': 'mia',
                    'PLIMSOLL_REDIS': server.url}
        self.reports = threading.Thread(target=self.reporting)
        self.grade = 1

    def reporting(self):
        redis = Redis(self.server.path)
        while not self.over.wait(0.3):
            for host, vms in CROWDED.items():
                redis('SET', f'plimsoll:{{default}}:report:{host}', report(host, vms, self.grade if host == 'h4' else 0), 'PX', 60000)

    def begin(self, name, *words):
        log = open(os.path.join(self.server.dir, name), 'wb')
        process = subprocess.Popen([os.path.join(self.build, words[0]), *words[1:]], stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env)
        self.started.append(process)
        return process

    def end(self, process):
        process.send_signal(signal.SIGTERM)
        process.wait()
        self.started.remove(process)

    def types(self, *words, statuses=(0,)):
        done = subprocess.run([os.path.join(self.build, 'plimsoll'), *words], env=self.env, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode not in statuses:
            raise RuntimeError(f'plimsoll {" ".join(words)}: exit {done.returncode}\n{done.stdout}{done.stderr}')
        return done.stdout

    def serve(self, log, mode, *more):
        return self.begin(log, 'plimsolld', '--settings', '/dev/null', '--redis', self.server.url, '--mode', mode, '--interval', '1s', '--state-dir',
                          os.path.join(self.server.dir, 'state'), '--set', 'cluster.hosts=h*', '--set', 'service.hold=1s', '--set', 'plan.threshold=2',
                          '--set', 'service.uri=test:///nowhere/{host}', '--set', 'service.pause_after=0', *more)

    def close(self):
        self.over.set()
        if self.reports.ident:
            self.reports.join()
        for process in list(self.started):
            self.end(process)


def settings_set(shown):
    """Every setting of it at its default, but set: each stands commented out below the line that says what it is."""
    lines, setting = [], False
    for line in shown.split('\n'):
        if not line.startswith('  # '):
            setting = False
        elif setting:
            line = '  ' + line[4:]
            setting = False
        else:
            setting = True
            continue
        lines.append(line)
    return '\n'.join(lines)


def stream_length(redis, key):
    return redis('XLEN', 'plimsoll:{default}:' + key)


def write(build, folder):
    os.makedirs(folder, exist_ok=True)
    with Server() as server:
        world, redis = World(build, server), server.redis
        try:
            agent = world.begin('agent.log', 'plimsoll-agent', '--host', 'h5', '--root', 'tests/fixtures/host-plain', '--interval', '300ms',
                                '--set', 'peers.address=127.0.0.1', '--advertise', 'qemu+ssh://root@h5/system')
            world.reports.start()
            until('the reports', lambda: redis('EXISTS', 'plimsoll:{default}:report:h4', 'plimsoll:{default}:report:h5') == 2)
            # moves that fail: nobody answers there
            service = world.serve('auto.log', 'auto')
            until('moves that failed', lambda: redis('EXISTS', 'plimsoll:{default}:moves:missed'))
            until('an audit of them', lambda: stream_length(redis, 'audit') > 0)
            world.grade = 2
            until('a fault that is remembered', lambda: redis('EXISTS', 'plimsoll:{default}:faults'))
            world.types('host', 'admit', 'h2', '--why', 'looked at')
            world.types('maintenance', 'enter', 'h4', '--deadline', '30m', '--why', 'new fans', statuses=(0, 3))
            world.types('place', '--vcpus', '2', '--memory', '4GiB', '--name', 'new1', '--book', '7d', statuses=(0, 3))
            world.end(service)
            # plans that wait for a person
            service = world.serve('confirm.log', 'confirm', '--set', 'retry.first=1s')
            until('a plan that waits', lambda: redis('EXISTS', 'plimsoll:{default}:waiting'))
            world.end(service)
            waits = text(redis('HKEYS', 'plimsoll:{default}:waiting')[0])
            # what is asked while nobody listens stays
            world.types('confirm', waits, '--reject', statuses=(0, 2, 3))  # 2: it was withdrawn meanwhile
            world.types('retry', '--all', statuses=(0, 2))
            world.types('faults', 'clear', 'h4', 'psu1', '--why', 'a new one is in', statuses=(0, 2))
            world.types('snapshot', '-o', os.path.join(folder, 'snapshot.json'))
            world.types('stop', '--why', 'the network is worked on')
            world.end(agent)
            write_json(os.path.join(folder, 'store-people.json'), dumped(redis))
            world.types('store', 'export', os.path.join(folder, 'export.jsonl'), statuses=(0, 2))  # 2: before 0.1.0
        except Exception:
            for name in ('agent.log', 'auto.log', 'confirm.log'):
                path = os.path.join(server.dir, name)
                if os.path.exists(path):
                    print(f'==> {name}\n' + open(path, encoding='utf-8').read()[-3000:], file=sys.stderr)
            raise
        finally:
            world.close()
        snapshot = os.path.join(folder, 'snapshot.json')
        world.types('plan', '--settings', '/dev/null', '--from', snapshot, '--set', 'plan.threshold=2', '-o', os.path.join(folder, 'plan.json'), '--record',
                    os.path.join(folder, 'record.json'), statuses=(0, 3))
        with open(os.path.join(folder, 'settings.yaml'), 'w', encoding='utf-8') as f:
            f.write(settings_set(world.types('settings', 'show', '--settings', '/dev/null')).replace(server.url, 'redis://redis.example:6379'))
    return 0


# ---- reading ---------------------------------------------------------------------------------------------------------

# What is shown of each key: its words, the command, and which of the key's names (fields of a hash, and so on) it shows.
SHOWN = [
    ('hosts', ('host', 'list', '--json')),
    ('hosts:admitted', ('host', 'list', '--json')),
    ('marks', ('maintenance', 'status', '--json')),
    ('faults', ('faults', '--json')),
    ('bookings', ('place', '--list', '--json')),
    ('waiting', ('confirm', '--json')),
]
COMMANDS = [('status', '--json'), ('host', 'list', '--json'), ('maintenance', 'status', '--json'), ('faults', '--json'), ('faults', 'log', '--json'),
            ('journal', '--json'), ('audit', '--json', '--since', '3650d'), ('replay', '--list', '--json'), ('confirm', '--json'), ('retry', '--json'),
            ('place', '--list', '--json'), ('distance', '--json'), ('snapshot',)]
COMPLAINTS = re.compile(r'cannot be read|is not (?:valid|known)|unreadable|\bEBADMSG\b|Bad message|malformed|not understood|key\.type|store\.notice|store\.unread|lease\.healed', re.I)


def named(store, short):
    for key, was in store['keys'].items():
        if key.split('}:')[1] == short:
            return [n for n in was['value'] if short != 'waiting' or '"asked"' in was['value'][n]]  # others are remembered, not shown
    return []


def of_stream(store, short):
    """How many entries; of the audit those that have an id of their own: what came of a decision is one more with its id."""
    for key, was in store['keys'].items():
        if key.split('}:')[1] == short:
            return len({json.loads(fields[1])['id'] for _, fields in was['value']} if short == 'audit' else was['value'])
    return 0


def store_faults(build, store):
    """What is wrong when these programs read this store."""
    with Server() as server:
        loaded(server.redis, store)
        cluster = re.search(r'\{(.*?)\}', next(iter(store['keys']))).group(1)
        env = {'PATH': os.environ['PATH'], 'HOME': server.dir, 'LANG': 'C.UTF-8', 'PLIMSOLL_REDIS': server.url}
        said = {}
        for words in COMMANDS:
            done = subprocess.run([os.path.join(build, 'plimsoll'), *words, '--settings', '/dev/null', '--cluster', cluster], env=env, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=60, check=False)
            if done.returncode not in (0, 3) or COMPLAINTS.search(done.stderr):
                yield f'plimsoll {" ".join(words)}: exit {done.returncode}: {(done.stderr or done.stdout)[-400:].strip()}'
            said[words] = done.stdout
        for short, words in SHOWN:
            for name in named(store, short):
                if name not in said[words]:
                    yield f'plimsoll {" ".join(words)} does not show {name} of {short}'
        if said['status', '--json'].startswith('{') and json.loads(said['status', '--json']).get('unread'):
            yield f"plimsoll status --json: unread: {json.loads(said['status', '--json']).get('unread')}"
        for clear in named(store, 'faults:cleared'):
            try:
                device = json.loads(store['keys'][f'plimsoll:{{{cluster}}}:faults:cleared']['value'][clear])['device']
            except ValueError:
                continue  # a spoiled one: named by the products
            if device in said['faults', '--json']:
                yield 'plimsoll faults --json shows what was cleared'
        for words, short in ((('faults', 'log', '--json'), 'faults:log'), (('replay', '--list', '--json'), 'records'), (('audit', '--json', '--since', '3650d'), 'audit')):
            n = max((len(v) for v in json.loads(said[words]).values() if isinstance(v, list)), default=0) if said[words].startswith('{') else 0
            if n < of_stream(store, short):
                yield f'plimsoll {" ".join(words)} shows {n} of {of_stream(store, short)}'
        for i, _ in server.redis('XRANGE', f'plimsoll:{{{cluster}}}:records', '-', '+'):
            i = text(i)
            done = subprocess.run([os.path.join(build, 'plimsoll'), 'replay', i, '--settings', '/dev/null', '--cluster', cluster], env=env, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, timeout=60, check=False)
            if done.returncode not in (0, 1) or not done.stdout or done.stderr:  # 1: this version decides, or names something, otherwise
                yield f'plimsoll replay {i}: exit {done.returncode}: {(done.stdout + done.stderr)[-400:].strip()}'
        yield from service_faults(build, server, cluster, env)


def service_faults(build, server, cluster, env):
    """A service takes it over: it reads all that it remembers, in a round and between rounds, and complains of nothing."""
    def rounds():
        live = server.redis('GET', f'plimsoll:{{{cluster}}}:state:service')
        try:
            return json.loads(live)['round_at'] if live else 0
        except ValueError:
            return 0
    log = os.path.join(server.dir, 'service.log')
    with open(log, 'wb') as f:
        service = subprocess.Popen([os.path.join(build, 'plimsolld'), '--settings', '/dev/null', '--redis', server.url, '--clusters', cluster, '--mode', 'auto',
                                    '--interval', '7s', '--state-dir', os.path.join(server.dir, 'state'), '--set', 'service.uri=test:///nowhere/{host}',
                                    '--set', 'service.hold=1h'], env=env, stdin=subprocess.DEVNULL, stdout=f, stderr=f)
    try:
        last = rounds()
        for _ in range(2):  # a little more than what is looked at between rounds: hosts' pulses, each 5 s
            last = until('a round', lambda: service.poll() is None and rounds() > last and rounds())
    except RuntimeError as e:
        yield f'plimsolld: {e}'
    finally:
        service.send_signal(signal.SIGTERM)
        service.wait()
    said = [line for line in open(log, encoding='utf-8').read().split('\n') if COMPLAINTS.search(line) or 'round.failed' in line]
    if service.returncode != 0 or said:
        yield f'plimsolld: exit {service.returncode}: {" / ".join(said)[-1500:].strip()}'


def file_faults(build, folder):
    env = {'PATH': os.environ['PATH'], 'LANG': 'C.UTF-8', 'HOME': '/nonexistent'}
    at = lambda name: os.path.join(folder, name)
    for words, statuses in (
            (('status', '--from', at('snapshot.json')), (0, 3)),
            (('plan', '--settings', '/dev/null', '--from', at('snapshot.json'), '--set', 'plan.threshold=2'), (0, 3)),
            (('check', at('plan.json'), '--settings', '/dev/null', '--from', at('snapshot.json')), (0,)),
            (('replay', at('record.json')), (0, 1)),  # 1: this version decides otherwise
            (('settings', 'check', '--settings', at('settings.yaml')), (0,))):
        done = subprocess.run([os.path.join(build, 'plimsoll'), *words], env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
        if done.returncode not in statuses or COMPLAINTS.search(done.stderr):
            yield f'plimsoll {" ".join(words)}: exit {done.returncode}: {(done.stdout + done.stderr)[-400:].strip()}'


def export_faults(build, path):
    """What `plimsoll store export` wrote is taken into an empty store, every key of it."""
    if not os.path.exists(path):
        return
    keys = {json.loads(line).get('key') for line in open(path, encoding='utf-8')} - {None}
    with Server() as server:
        done = subprocess.run([os.path.join(build, 'plimsoll'), 'store', 'import', path, '--redis', server.url, '--settings', '/dev/null'], capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, timeout=60, check=False)
        there = len(server.redis('KEYS', 'plimsoll:*'))
    if done.returncode != 0 or len(keys) < 8 or there < len(keys):
        yield f'plimsoll store import: exit {done.returncode}, {there} of {len(keys)} keys: {(done.stdout + done.stderr)[-400:].strip()}'


def stores_of(folder):
    for name in sorted(os.listdir(folder)):
        if re.match(r'store.*\.json$', name):
            yield name, json.load(open(os.path.join(folder, name), encoding='utf-8'))


def read(build, folder):
    bad = n = 0
    for fault in [*file_faults(build, folder), *export_faults(build, os.path.join(folder, 'export.jsonl'))]:
        print(f'FAILED  {fault}')
        bad = 1
    for name, store in stores_of(folder):
        n += 1
        faults, store_keys = list(store_faults(build, store)), store['keys']
        print(f'{"FAILED " if faults else "ok     "} {name}: {len(store_keys)} keys')
        for fault in faults:
            print(f'        {fault}')
            bad = 1
    return bad if n else 1


PRESENCE = ('hosts:admits',)  # that it is there is all that is read of it


def spoiled(value):
    if isinstance(value, str) and value.isdigit():
        return 'x' + value[1:]
    if isinstance(value, str):
        another = re.sub(r'plimsoll\.([a-z-]+)/\d', r'plimsoll.\1/77', value[:60]) + value[60:]
        return another if another != value else value[:len(value) // 2].replace('{', '[')
    if isinstance(value, dict):
        return {k: spoiled(v) for k, v in value.items()}
    return [[i, [f if n % 2 == 0 else spoiled(f) for n, f in enumerate(fields)]] for i, fields in value]


def spoil(build, folder):
    bad = 0
    for name, store in stores_of(folder):
        for key, was in store['keys'].items():
            if was['type'] in ('set', 'zset') or key.split('}:')[1] in PRESENCE:
                continue
            faults = list(store_faults(build, {**store, 'keys': {**store['keys'], key: {**was, 'value': spoiled(was['value'])}}}))
            print(f'{"noticed    " if faults else "NOT NOTICED"} {name} {key}: {faults[-1][:200] if faults else ""}', flush=True)
            bad += not faults
    print(f'{bad} not noticed')
    return 1 if bad else 0


def main():
    if len(sys.argv) != 4 or sys.argv[1] not in ('write', 'dump', 'read', 'spoil'):
        print(__doc__)
        return 2
    if not shutil.which('redis-server'):
        print('no redis-server')
        return 77
    verb, a, b = sys.argv[1:]
    if verb == 'dump':
        write_json(b, dumped(Redis(a)))
        return 0
    return {'write': write, 'read': read, 'spoil': spoil}[verb](os.path.abspath(a), b)


if __name__ == '__main__':
    sys.exit(main())
