#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All JSON that the programs print, to be held to docs/schemas: every command that has --json, over every scenario that it applies to,
and over a store in each state.

documents(build, socket, folder) yields (command line, its JSON). Thousands of commands: by command_batch, which is the whole program
many times in one process."""
import concurrent.futures, contextlib, glob, json, os, subprocess, sys, threading, time

ENV = {**os.environ, 'PLIMSOLL_SETTINGS': '', 'PLIMSOLL_REDIS': ''}

class Batch:
    """The program plimsoll, many times."""
    def __init__(self, build):
        self.process = subprocess.Popen([os.path.join(build, 'command_batch')], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=ENV)
        self.asked = set()

    def __call__(self, *words):
        """(words, what it printed on stdout as JSON)."""
        assert not any('\t' in w or '\n' in w or not w for w in words), words
        self.process.stdin.write(('\t'.join([*words, '--json']) + '\n').encode())
        self.process.stdin.flush()
        status, n = map(int, self.process.stdout.readline().split())
        out = self.process.stdout.read(n)
        assert status in (0, 1, 2, 3), (words, status)
        self.asked.add(words[0])
        return words, parsed(words, out)

    def close(self):
        self.process.stdin.close()
        assert self.process.wait() == 0
        self.process.stdout.close()


def parsed(words, out):
    """Its one document; None where -o has it; else a text, which no schema has."""
    try:
        return json.loads(out)
    except ValueError:
        return None if '-o' in words else f'no JSON: {out[:60]}'


def run(build, words, program='plimsoll', stdin=None):
    """Another program, or one that reads stdin: the JSON on its stdout."""
    r = subprocess.run([os.path.join(build, program), *words], capture_output=True, env=ENV, input=stdin, timeout=60)
    assert r.returncode in (0, 1, 2, 3), (words, r.returncode, r.stderr[-500:])
    return (program, *words), parsed((program, *words), r.stdout)


# ---- scenarios ----

def scenario_options(folder):
    options = []
    if os.path.exists(folder + 'settings.yaml'):
        options += ['--settings', folder + 'settings.yaml']
    if os.path.exists(folder + 'settings'):
        for line in open(folder + 'settings', encoding='utf-8'):
            key, _, value = (w.strip() for w in line.split('#')[0].partition('='))
            if key and not key.startswith('budget.') and key != 'about':
                options += ['--set', f'{key}={value}']
    return options


def of_scenario(plimsoll, folder, i, work):
    """Every command that has --json and needs no store. Of hosts and VMs the first and the last."""
    cluster = json.load(open(folder + 'cluster.json', encoding='utf-8'))
    source = ['--from', folder + 'cluster.json', *scenario_options(folder)]
    vms, hosts = ([x[k]['name'] for k in ((0, -1) if len(x) > 1 else (0,) if x else ())] for x in (cluster.get('vms', []), cluster['hosts']))
    plan, record, changed = f'{work}/{i}.plan', f'{work}/{i}.record', f'{work}/{i}.changed'
    size = ['--vcpus', '1', '--memory', '1GiB']
    asks = [['plan'], ['plan', '-o', plan], ['plan', '--record', record], ['check', plan], ['explain', '--plan', plan], ['status'], ['status', '--all'],
            ['failover'], ['frontier'], ['faults'], ['distance'], ['snapshot'], ['maintenance', 'status'], ['place', *size], ['place', *size, '--count', '2'],
            ['capacity', *size], ['capacity', '--vcpus', '64', '--memory', '900GiB'], ['apply'], ['apply', '--plan', plan],
            ['plan', '--add-vm', 'name=newvm,vcpus=2,memory=4GiB,count=2'], ['plan', '--add-host', 'name=newhost,cpus=16,memory=64GiB'], ['plan', '--max-moves', '1']]
    for host in hosts:
        asks += [['plan', '--lost', host], ['plan', '--without', host], ['evacuate', host, '--dry-run'], ['evacuate', host, '--dry-run', '--balance'],
                 ['maintenance', 'roll', host, '--run', 'true', '--dry-run'], ['place', *size, '--lost', host], ['capacity', *size, '--lost', host], ['failover', host]]
    for vm in vms:
        asks += [['explain', vm], ['explain', vm, hosts[-1]], ['explain', vm, '--lost', hosts[0]], ['move', vm, '--dry-run'], ['move', vm, hosts[-1], '--dry-run'],
                 ['place', '--like', vm], ['plan', '--remove-vm', vm]]
    for words in asks:
        yield plimsoll(*words, *source)
    yield ('plan', '-o', plan), json.load(open(plan, encoding='utf-8'))
    yield plimsoll('replay', record)
    text = open(record, encoding='utf-8').read()
    bad = json.load(open(plan, encoding='utf-8'))
    for move in bad['moves']:
        move['to'], move['wave'] = hosts[0], 1  # all at once onto one host: the judge objects
    json.dump(bad, open(plan, 'w', encoding='utf-8'))
    yield plimsoll('check', plan, *source)
    open(changed, 'w', encoding='utf-8').write(text.replace('"status": "balanced"', '"status": "improved"').replace('"wave": 1', '"wave": 2'))
    yield plimsoll('replay', changed)  # another decision, where there was anything to change


def of_snapshots(build, work, asked):
    """What no scenario has: snapshot files that a parser is tested by."""
    plimsoll = Batch(build)
    for path in sorted(glob.glob('tests/fuzz/corpus/snapshot_file/*.json')):
        for words in (['snapshot'], ['status'], ['plan'], ['failover'], ['faults'], ['place', '--list']):
            yield plimsoll(*words, '--from', path)
    yield plimsoll('backtest', '--trace', 'deploy/examples/office', '--step', '1h')
    yield plimsoll('backtest', '--trace', 'deploy/examples/office', '--step', '2h', '--against', 'deploy/examples/plimsoll.yaml')
    whole, more = json.load(open('tests/fuzz/corpus/snapshot_file/everything.json', encoding='utf-8')), f'{work}/more.json'
    vm, other = whole['vms'][0], whole['hosts'][0]['name']
    ties = {'movable': False, 'tie': 'device', 'devices': [{'kind': 'pci', 'name': '0000:01:00.0'}]}
    whole['bookings'] = [{'name': 'web9', 'host': other, 'by': 'ann@desk', 'vcpus': 2, 'memory_mib': 8192, 'net_mbit': {'rx': 1, 'tx': 2}, 'ties': ties}]
    whole['migrations'] = {'jobs': 9, 'fixed_seconds': 2, 'switch_seconds': 0.1, 'speed': 0.9, 'bytes': 1.1, 'unsure': 0.2,
                           'ways': [{'from': other, 'to': whole['hosts'][1]['name'], 'speed': 0.8, 'jobs': 4}], 'vms': [{'vm': vm['name'], 'bytes': 1.2, 'dirty': 1, 'jobs': 3}]}
    json.dump(whole, open(more, 'w', encoding='utf-8'))
    yield plimsoll('snapshot', '--from', more)
    rules = f'{work}/rules.yaml'
    with open(rules, 'w', encoding='utf-8') as f:
        f.write('rules:\n  - mode: "*"\n    only: advise\n')
    for words in (['status'], ['plan'], ['evacuate', 'h1', '--dry-run']):  # VMs whose moves are left to a person, on a host that must be left
        yield plimsoll(*words, '--settings', rules, '--from', 'tests/scenarios/failing-host-is-drained/cluster.json')
    plimsoll.close()
    asked.update(plimsoll.asked)


def over_scenarios(build, work, asked):
    folders = [f for f in sorted(glob.glob('tests/scenarios/*/')) if os.path.exists(f + 'cluster.json')]

    def some(first):
        plimsoll = Batch(build)
        got = [d for i, f in enumerate(folders) if i % 2 == first for d in of_scenario(plimsoll, f, i, work)]
        plimsoll.close()
        asked.update(plimsoll.asked)
        return got
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for got in pool.map(some, (0, 1)):
            yield from got
# ---- a store ----

class Feed:
    def __init__(self, sock):
        self.sock, self.us = sock, int(time.time() * 1e6)

    def redis(self, *words):
        r = subprocess.run(['redis-cli', '-s', self.sock, '-x', *words[:-1]], input=words[-1].encode(), capture_output=True)
        assert r.returncode == 0 and not r.stdout.startswith(b'ERR'), (words[:2], r.stdout)

    @contextlib.contextmanager
    def alive(self, host):
        """The host reports again and again, as its agent does."""
        end = threading.Event()

        def report():
            while not end.wait(0.2):
                self.report(host, [], at=int(time.time() * 1e6))
        thread = threading.Thread(target=report)
        thread.start()
        try:
            yield
        finally:
            end.set()
            thread.join()

    def put(self, command, key, *words):
        words = [w if isinstance(w, str) else json.dumps(w) for w in words]
        self.redis(command, 'plimsoll:{default}:' + key, *words)

    def report(self, host, vms, fault=0, at=None):
        at = at or self.us
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


def fill(feed, plan):
    us = feed.us
    feed.report('h1', [('a', 1200), ('b', 1200), ('c', 900), ('twice', 100)])
    feed.report('h2', [('d', 100), ('twice', 100)], fault=3)
    feed.report('h3', [('e', 100)])
    feed.report('h4', [])
    feed.report('h7', [])
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
    waiting = {'schema': 'plimsoll.waiting/1', 'id': 'w1', 'state': 'asked', 'made_at': us, 'until': us + 10**10, 'kinds': ['balance'], 'summary': '1 move', 'record': '', 'plan': plan}
    feed.put('hset', 'waiting', 'w1', waiting)
    feed.put('hset', 'waiting', 'w2', {**waiting, 'id': 'w2', 'state': 'rejected', 'record': 'r1'})
    feed.put('hset', 'waiting:answers', 'w2', {'schema': 'plimsoll.answer/1', 'yes': False, 'by': 'ann@ops', 'at': us})
    feed.put('hset', 'journal:words', 'a', {'schema': 'plimsoll.settle/1', 'id': 'x/1/unclear', 'host': 'h2', 'by': 'ann@ops', 'why': 'looked', 'at': us})
    feed.put('set', 'state:cool-downs', {'schema': 'plimsoll.cool-downs/2', 'vms': {'c': {'until': us + 10**10, 'length': 10**9, 'moved': [us - 10**9], 'hand': {'by': 'ann@ops', 'at': us}}}})
    feed.put('set', 'note:roll', {'schema': 'plimsoll.roll/1', 'by': 'ann@ops', 'at': us, 'process': '1/1', 'run_sha256': '0' * 64, 'at_once': 1, 'left': ['h3'], 'done': ['h4']})
    feed.put('set', 'state:service', {
        'schema': 'plimsoll.service/1', 'leader': 'h1/1', 'mode': 'auto', 'written_at': us, 'round_at': us, 'summary': 'nothing is worth its cost', 'plan_status': 'improved',
        'over_limit': 0, 'unread': ["the store's brake: h2 cannot be read; its host is not emptied"], 'certificates': [{'file': '/etc/pki/CA/cacert.pem', 'until': us + 10**9}], 'paused': 'predictions were wrong', 'paused_since': us, 'next_by': us + 10**7, 'stays': [{'vm': 'd', 'host': 'h2', 'why': 'no room'}], 'stays_all': 1,
        'moves': [{'vm': 'a', 'from': 'h1', 'to': 'h2', 'phase': 'running', 'bytes_total': 10**9, 'bytes_done': 1, 'bytes_left': 5, 'bytes_per_s': 9, 'running_ms': 10,
                   'predicted_ms': 1000, 'message': '', 'deadline_ms': 5, 'kind': 'load', 'held': 'a rule'},
                  {'vm': 'b', 'from': 'h1', 'to': 'h2', 'phase': 'queued', 'message': ''}],
        'waiting': [{'id': 'w1', 'kinds': 'load, balance', 'summary': '1 move', 'moves': 1, 'until': us * 2}]})


# A host that is held by the brake, a store that lost data, a roll that stopped, what failed and waits: one after the other.

def braked(feed):
    feed.report('h5', [('f', 100)], fault=4)
    feed.report('h6', [('g', 100)], fault=4)


def lost(feed):
    feed.put('hset', 'epoch', 'lost', {'schema': 'plimsoll.loss/1', 'id': 'l1', 'why': 'it came back empty', 'at': feed.us, 'by': 'h1/1', 'before': 'e1',
                                       'emptied': ['h4'], 'closed': ['h3']})


# What is asked of a store in each state, whatever it is: nothing of it changes anything.
LOOKS = [['status'], ['status', '--all'], ['status', '--at', '0s'], ['plan'], ['audit'], ['audit', '--since', '2d', '--vm', 'a'], ['journal'], ['journal', 'settle', 'a'], ['confirm'], ['confirm', 'w1'],
         ['retry'], ['distance'], ['faults'], ['faults', 'h2'], ['faults', 'log'], ['maintenance', 'status'], ['maintenance', 'status', 'h2'],
         ['maintenance', 'roll', 'h3', '--run', 'true', '--dry-run'], ['host', 'list'], ['host', 'history'], ['host', 'history', 'h1'], ['place', '--list'], ['place', '--vcpus', '1', '--memory', '1GiB'],
         ['capacity', '--vcpus', '1', '--memory', '1GiB'], ['snapshot'], ['explain', 'a'], ['explain', 'e', 'h1'], ['evacuate', 'h3', '--dry-run'], ['move', 'e', 'h1', '--dry-run'],
         ['failover'], ['frontier'], ['replay', '--list'], ['replay', 'last'], ['store', 'check'], ['release', 'h1']]


def over_store(build, sock, work, asked):
    feed, plimsoll = Feed(sock), Batch(build)
    source = ['--redis', 'unix://' + sock, '--set', 'cluster.hosts=h[1-7]', '--set', 'brake.hosts=1', '--set', 'brake.percent=1%']
    ask = lambda *words: plimsoll(*words, *source)
    looks = lambda: (ask(*words) for words in LOOKS)
    yield from looks()  # nothing is there yet
    fill(feed, of_hot(plimsoll, work, '-o'))
    yield from looks()
    for words in (['faults', 'clear', 'h2', 'psu1'], ['host', 'admit', 'h1'], ['host', 'admit', 'h9'], ['host', 'admit', '--all'], ['host', 'list'], ['host', 'forget', 'h7'],
                  ['place', '--vcpus', '1', '--memory', '1GiB', '--book', '10m', '--name', 'booked'], ['audit', '--acknowledge'],
                  ['retry', '--all'], ['abort', 'a', '--no-wait'], ['abort', 'nosuch'], ['journal', 'settle', 'a', '--at', 'h1', '--why', 'looked'], ['move', 'e', 'h2', '--yes'], ['move', 'e', 'h1', '--yes', '--no-wait'], ['confirm', 'w1', '--reject'], ['confirm', 'w3', '--yes']):
        yield ask(*words)
    yield from looks()
    feed.put('xadd', 'records', '*', 'text', of_hot(plimsoll, work, '--record'))
    yield from looks()
    yield ask('maintenance', 'roll', 'h4', '--run', 'true')  # one stopped, of another command
    yield ask('maintenance', 'roll', '--abandon')
    feed.put('set', 'note:roll', {'schema': 'plimsoll.roll/1', 'by': 'ann@ops', 'at': feed.us, 'process': '', 'run_sha256': '', 'at_once': 2, 'left': ['h3'], 'done': ['h4'], 'id': 'june', 'held': 'held by ann@ops',
                                  'changed_by': 'ann@ops', 'now': [{'name': 'h2', 'since': feed.us, 'finished': feed.us, 'entered': True, 'aside': False}, {'name': 'h1', 'since': feed.us, 'finished': 0, 'entered': False, 'aside': True}]})
    yield ask('maintenance', 'roll', '--show')  # one that the service carries out
    yield ask('maintenance', 'status')
    yield ask('maintenance', 'roll', '--abandon')
    yield ask('maintenance', 'enter', 'h3')
    yield from looks()
    yield ask('maintenance', 'exit', 'h3')
    yield ask('maintenance', 'exit', 'h4')
    with feed.alive('h4'):  # it is empty
        yield ask('maintenance', 'roll', 'h4', '--run', 'true')
        yield ask('maintenance', 'roll', 'h4', '--run', 'false')  # this one stops at it
    yield from looks()
    yield ask('maintenance', 'roll', '--abandon')
    braked(feed)
    yield from looks()
    yield ask('release', 'h6')
    yield ask('release', '--all')
    yield from looks()
    yield ask('stop', '--why', 'the switch burns')
    yield from looks()
    yield ask('stop', '--why', 'again', '--for', '1h')
    yield ask('resume')
    yield ask('resume')
    lost(feed)
    yield from looks()
    store = ['--redis', 'unix://' + sock]
    export = f'{work}/export'
    yield plimsoll('store', 'export', export, *store)
    for line in open(export, encoding='utf-8'):
        yield ('store', 'export'), {'schema': 'plimsoll.store-export/1', **json.loads(line)}  # only the first line has it
    yield plimsoll('store', 'import', export, '--replace', '--while-led', *store)
    yield plimsoll('store', 'acl', *store)
    yield plimsoll('store', 'acknowledge', *store)
    feed.put('set', 'state:service', 'no JSON')
    feed.put('hset', 'marks', 'h1', 'no JSON')
    yield from looks()  # what cannot be read
    plimsoll.close()
    asked.update(plimsoll.asked)


def of_hot(plimsoll, work, option):
    """A plan with moves, or its record."""
    plimsoll('plan', '--from', 'tests/scenarios/hot-host-is-relieved/cluster.json', option, f'{work}/hot')
    return json.load(open(f'{work}/hot', encoding='utf-8'))


def alone(build, work, asked):
    """Without a cluster; and hosts of libvirt's test driver: a move by hand fails there, and is an answer all the same."""
    plimsoll, tokens = Batch(build), ['--set', f'service.state_dir={work}']
    for words in (['version'], ['settings', 'show'], ['settings', 'check'], ['plan', '--from', '/nowhere'], ['settings', 'check', '--set', 'a.b=1'], ['plan', '--no-such-option'],
                  ['token', 'list', *tokens], ['token', 'add', 'viewer', *tokens], ['token', 'add', 'viewer', *tokens], ['token', 'add', 'boss', '--role', 'admin', *tokens], ['token', 'list', *tokens],
                  ['token', 'remove', 'viewer', *tokens], ['token', 'remove', 'viewer', *tokens],
                  ['apply', '--hosts', 'test:///default', '--yes'], ['setup', 'libvirt', '--dry-run', '--hosts', 'test:///default'],
                  ['import', 'htools', *sorted(glob.glob('tests/fixtures/import/htools/*.data'))[:1]]):
        yield plimsoll(*words)
    if 'notify' in commands(build):
        yield plimsoll('notify', 'test')
    plimsoll.close()
    asked.update(plimsoll.asked)
    yield run(build, ['--once', '--print', '--json', '--interval', '100ms', '--root', 'tests/fixtures/host-plain', '--host', 'h1'], 'plimsoll-agent')


def commands(build):
    """The subcommands that have --json, as their help says."""
    names = [line.split('(')[1].split(')')[0] for line in open('scheduler/app/commands/commands.def', encoding='utf-8') if line.startswith('COMMAND(')]
    helps = {n: subprocess.run([os.path.join(build, 'plimsoll'), n, '--help'], capture_output=True, text=True, env=ENV, check=True).stdout for n in names}
    return {n for n, text in helps.items() if any(line.lstrip().startswith('--json') for line in text.split('\n'))}


def documents(build, sock, work):
    asked = set()
    yield from alone(build, work, asked)
    if sock:
        yield from over_store(build, sock, work, asked)
    yield from of_snapshots(build, work, asked)
    yield from over_scenarios(build, work, asked)
    if sock:
        assert commands(build) <= asked, f'tests/schemas/printed.py asks nothing of {commands(build) - asked}'


def main():
    """printed.py BUILD SOCKET FOLDER: fills the store of other stories."""
    build, sock, work = sys.argv[1:]
    plimsoll, feed = Batch(build), Feed(sock)
    fill(feed, of_hot(plimsoll, work, '-o'))
    braked(feed)
    feed.put('xadd', 'records', '*', 'text', of_hot(plimsoll, work, '--record'))
    plimsoll.close()


if __name__ == '__main__':
    main()
