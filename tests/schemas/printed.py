#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All JSON that the programs print, to be held to docs/schemas: every command that has --json, over every scenario, and over a
store in which there is one of each kind of entry.

documents(build, folder) yields (command line, its JSON)."""
import concurrent.futures, glob, json, os, subprocess, time

ENV = {**os.environ, 'PLIMSOLL_SETTINGS': ''}


def run(build, words, program='plimsoll', stdin=None):
    """The JSON on stdout; None where there is none."""
    r = subprocess.run([os.path.join(build, program), *words], capture_output=True, text=True, env=ENV, input=stdin, timeout=60)
    assert r.returncode in (0, 1, 2, 3), (words, r.returncode, r.stderr[-500:])
    try:
        return json.loads(r.stdout)
    except ValueError:
        return None


def scenario_options(folder):
    options = []
    if os.path.exists(folder + 'settings.yaml'):
        options += ['--settings', folder + 'settings.yaml']
    if os.path.exists(folder + 'settings'):
        for line in open(folder + 'settings'):
            key, _, value = (w.strip() for w in line.split('#')[0].partition('='))
            if key and not key.startswith('budget.') and key != 'about':
                options += ['--set', f'{key}={value}']
    return options


def of_scenario(build, folder, i, work):
    """plan and status of each; of the others each in its turn, so that every one is asked of many."""
    cluster = json.load(open(folder + 'cluster.json'))
    source = ['--from', folder + 'cluster.json', *scenario_options(folder)]
    vm, host = cluster['vms'][0]['name'], cluster['hosts'][0]['name']
    plan = f'{work}/{i}.plan'
    size = ['--vcpus', '1', '--memory', '1GiB']
    turns = [['place', *size, '--lost', host], ['capacity', *size], ['capacity', *size, '--lost', host], ['explain', vm],
             ['explain', vm, '--lost', host], ['explain', '--plan', plan], ['failover'], ['frontier'], ['faults'], ['distance'], ['check', plan],
             ['evacuate', host, '--dry-run'], ['move', vm, '--dry-run'], ['maintenance', 'status'], ['plan', '--lost', host],
             ['snapshot'], ['place', *size], ['place', *size, '--count', '2'], ['maintenance', 'roll', host, '--run', 'true', '--dry-run']]
    for words in [['plan', '-o', plan], ['status'], turns[i % len(turns)]]:
        got = run(build, [*words, *source, '--json'])
        yield words, json.load(open(plan)) if got is None and words[0] == 'plan' else got


def over_scenarios(build, work):
    folders = sorted(glob.glob('tests/scenarios/*/'))
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for got in pool.map(lambda x: list(of_scenario(build, x[1], x[0], work)), enumerate(f for f in folders if os.path.exists(f + 'cluster.json'))):
            yield from got


# ---- a store ----

class Feed:
    def __init__(self, sock):
        self.sock, self.us = sock, int(time.time() * 1e6)

    def redis(self, *words):
        r = subprocess.run(['redis-cli', '-s', self.sock, '-x', *words[:-1]], input=words[-1].encode(), capture_output=True)
        assert r.returncode == 0 and not r.stdout.startswith(b'ERR'), (words[:2], r.stdout)

    def put(self, command, key, *words):
        words = [w if isinstance(w, str) else json.dumps(w) for w in words]
        self.redis(command, 'plimsoll:{default}:' + key, *words)

    def report(self, host, vms, fault=0, of='default'):
        at = self.us
        lines = [f'plimsoll.report/1 {host} sent={at} seq=1 every=600000000', f'@host {at}', 'host.cpus\t\t16', 'host.daemon\t\t1',
                 f'host.uri\t\tqemu+tls://{host}/system', 'host.uuid\t\t00000000-0000-4000-8000-0000000000' + host[1:].zfill(2), 'host.cpu.busy\t\t9000',
                 f'@memory {at}', 'host.memory.total\t\t65536', 'host.memory.available\t\t30000', f'@vms {at}']
        for vm, cpu in vms:
            lines += [f'vm.uuid\t{vm}\t00000000-0000-4000-8000-{int.from_bytes(vm.encode(), "big") % 10**12:012d}', f'vm.state\t{vm}\trunning', f'vm.vcpus\t{vm}\t2',
                      f'vm.memory\t{vm}\t4096', f'vm.cpu\t{vm}\t{cpu}', f'vm.dirty\t{vm}\t0', f'vm.cpu.delay\t{vm}\t300']
        if fault:
            lines += [f'@faults_d {at}', f'fault.grade\tpsu1\t{fault}', 'fault.why\tpsu1\tdead']
        self.put('set', 'report:' + host, '\n'.join(lines) + '\n')
        self.put('sadd', 'hosts', host)


def fill(feed):
    us = feed.us
    feed.report('h1', [('a', 1200), ('b', 1200), ('c', 900), ('twice', 100)])
    feed.report('h2', [('d', 100), ('twice', 100)], fault=3)
    feed.report('h3', [('e', 100)])
    feed.report('h4', [])
    feed.put('hset', 'marks', 'h4', {'schema': 'plimsoll.mark/1', 'state': 'maintenance', 'by': 'root@ops', 'why': 'memory', 'at': us, 'leave_by': us + 10**9})
    move = {'id': 'x/1/1', 'vm': 'a', 'uuid': 'u', 'from': 'h1', 'to': 'h2', 'at': us, 'message': '', 'ms': 900, 'bytes': 10**9, 'downtime_ms': 40, 'predicted_ms': 1000}
    for event, message in (('started', ''), ('done', ''), ('failed', 'no route'), ('unclear', 'libvirt is silent')):
        feed.put('xadd', 'journal', '*', 'text', {**move, 'schema': 'plimsoll.journal/1', 'event': event, 'id': 'x/1/' + event, 'message': message})
    outcome = {'vm': 'a', 'from': 'h1', 'to': 'h2', 'wave': 0, 'kind': 'load', 'end': 'done', 'why': '', 'strategy': 'plain', 'ms': 900, 'bytes': 10**9, 'downtime_ms': 40,
               'predicted': {'ms_low': 500, 'ms': 1000, 'ms_high': 2000, 'bytes': 10**9, 'downtime_ms': 50}}
    loads = [{'host': 'h1', 'cpu_permille': 700, 'memory_permille': -1}]
    entry = {'schema': 'plimsoll.audit-entry/1', 'id': 'h1/1', 'at': us, 'leader': 'h1/1', 'mode': 'auto', 'status': 'improved', 'refused': 0, 'predicted_ms': 1000,
             'predicted_bytes': 10**9, 'ms': 900, 'bytes': 10**9, 'moves': [outcome], 'before': loads}
    feed.put('xadd', 'audit', '*', 'text', entry)
    feed.put('xadd', 'audit', '*', 'text', {'schema': 'plimsoll.audit-entry/1', 'id': 'h1/1', 'after': loads})
    feed.put('xadd', 'audit', '*', 'text', {**entry, 'id': 'h1/2', 'moves': [], 'before': [], 'ms': -1, 'bytes': -1, 'waiting': 'w1', 'answer': 'yes', 'by': 'ann@ops', 'answered_at': us})
    plan = {'schema': 'plimsoll.plan/1', 'cluster': 'default', 'status': 'balanced', 'moves': []}
    waiting = {'schema': 'plimsoll.waiting/1', 'id': 'w1', 'state': 'asked', 'made_at': us, 'until': us + 10**10, 'kinds': ['balance'], 'summary': '1 move', 'record': '', 'plan': plan}
    feed.put('hset', 'waiting', 'w1', waiting)
    feed.put('hset', 'waiting', 'w2', {**waiting, 'id': 'w2', 'state': 'rejected', 'record': 'r1'})
    feed.put('hset', 'waiting:answers', 'w2', {'schema': 'plimsoll.answer/1', 'yes': False, 'by': 'ann@ops', 'at': us})
    feed.put('set', 'note:roll', {'schema': 'plimsoll.roll/1', 'by': 'ann@ops', 'at': us, 'process': '1/1', 'run_sha256': '0' * 64, 'at_once': 1, 'left': ['h3'], 'done': ['h4']})
    feed.put('set', 'state:service', {
        'schema': 'plimsoll.service/1', 'leader': 'h1/1', 'mode': 'auto', 'written_at': us, 'round_at': us, 'summary': 'nothing is worth its cost', 'plan_status': 'improved',
        'over_limit': 0, 'unread': ["the store's brake: h2 cannot be read; its host is not emptied"], 'certificates': [{'file': '/etc/pki/CA/cacert.pem', 'until': us + 10**9}], 'paused': 'predictions were wrong', 'paused_since': us, 'next_by': us + 10**7, 'stays': [{'vm': 'd', 'host': 'h2', 'why': 'no room'}], 'stays_all': 1,
        'moves': [{'vm': 'a', 'from': 'h1', 'to': 'h2', 'phase': 'running', 'bytes_total': 10**9, 'bytes_done': 1, 'bytes_left': 5, 'bytes_per_s': 9, 'running_ms': 10,
                   'predicted_ms': 1000, 'message': '', 'deadline_ms': 5, 'kind': 'load', 'held': 'a rule'},
                  {'vm': 'b', 'from': 'h1', 'to': 'h2', 'phase': 'queued', 'message': ''}],
        'waiting': [{'id': 'w1', 'kinds': 'load, balance', 'summary': '1 move', 'moves': 1, 'until': us * 2}]})


def over_store(build, sock, work):
    feed = Feed(sock)
    source = ['--redis', 'unix://' + sock, '--set', 'cluster.hosts=h1,h2,h3,h4']
    ask = lambda *words: (list(words), run(build, [*words, *source, '--json']))
    yield ask('status')  # nothing is there yet
    yield ask('audit')
    yield ask('replay', '--list')
    yield ask('maintenance', 'status', 'h1')
    yield ask('maintenance', 'roll', '--status')
    fill(feed)
    for words in (['status'], ['plan'], ['audit'], ['journal'], ['confirm'], ['confirm', 'w1'], ['retry'], ['release'], ['distance'], ['faults'], ['faults', 'clear', 'h2', 'psu1'], ['faults', 'log'],
                  ['maintenance', 'status'], ['maintenance', 'roll', 'h3', '--run', 'true', '--dry-run'], ['host', 'list'], ['host', 'admit', 'h1'], ['host', 'admit', 'h9'],
                  ['host', 'admit', '--all'], ['host', 'list'], ['host', 'forget', 'h4'], ['place', '--vcpus', '1', '--memory', '1GiB', '--book', '10m', '--name', 'booked'],
                  ['place', '--list'], ['status'], ['snapshot'], ['stop', '--why', 'the switch burns'], ['status'], ['plan'], ['stop', '--why', 'again', '--for', '1h'], ['resume'],
                  ['resume'], ['move', 'e', 'h1', '--dry-run'], ['move', 'e', 'h2', '--yes'], ['move', 'e', 'h1', '--yes', '--no-wait'], ['confirm', 'w1', '--reject'], ['explain', 'a'],
                  ['evacuate', 'h3', '--dry-run'], ['store', 'check'], ['failover'], ['maintenance', 'enter', 'h3'], ['maintenance', 'exit', 'h3'], ['journal', 'a']):
        yield ask(*words)


def agentless(build):
    """Simulated hosts of libvirt's test driver: a move by hand fails there, and is an answer all the same."""
    for words in (['apply', '--hosts', 'test:///default', '--yes'], ['setup', 'libvirt', '--dry-run', '--hosts', 'test:///default']):
        yield words, run(build, [*words, '--json'])


def alone(build):
    for words in (['version'], ['settings', 'show'], ['plan', '--from', '/nowhere'], ['settings', 'check', '--set', 'a.b=1']):
        yield words, run(build, [*words, '--json'])
    yield ['import'], run(build, ['import', 'htools', *sorted(glob.glob('tests/fixtures/import/htools/*.data'))[:1]])
    yield ['agent'], run(build, ['--once', '--print', '--json', '--interval', '100ms', '--root', 'tests/fixtures/host-plain', '--host', 'h1'], 'plimsoll-agent')


def documents(build, sock, work):
    yield from alone(build)
    yield from agentless(build)
    if sock:
        yield from over_store(build, sock, work)
    yield from over_scenarios(build, work)
