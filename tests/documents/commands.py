#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every command in README.md and docs/*.md is one that the programs know, and the blocks of commands are run.

usage: tests/documents/commands.py BUILD_DIR [--run | --list] [FILE.md...]

Without --run each command is parsed: blocks ```sh, and `plimsoll ...` in the text. The subcommand, its verb and its
options must stand in the help text; a script of the tree must be there. With --run each block is run by bash in an
empty folder, in the order of its document, against a small cluster: a private Redis with reports of four hosts, a
service that has nothing to move, a snapshot file, a guest web1 of libvirt's test driver. Each document has its own.

A comment on the line before a block says what is special about it:
  <!-- not run: WHY -->         parsed only; bounded by NOT_RUN_MAX
  <!-- exit status N: WHY -->   its commands end with 0 or N
tests/fresh runs two sections of the README on a fresh machine, tests/long/getting_started its page; here they are parsed.
Exit status: 0, 1 something is wrong, 77 skipped (a tool is missing).
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

NOT_RUN_MAX = 14
PROGRAMS = ('plimsoll', 'plimsolld', 'plimsoll-agent')
FRESH_PAGES = ('docs/getting-started.md',)  # all of it is run by tests/long/getting_started, on machines of its own
FRESH = ('Try it', 'Five minutes to a plan of your own cluster')  # sections of README.md that tests/fresh runs
SPECIAL = re.compile(r'^<!-- (not run|exit status (\d+)): (\S.*) -->$')


class Block:
    def __init__(self, path, line, section, special):
        self.path, self.line, self.section = path, line, section
        self.not_run = special[3] if special and special[1] == 'not run' else ''
        self.exit = int(special[2]) if special and special[2] else 0
        self.lines = []

    def where(self):
        return f'{self.path}:{self.line}'


def blocks_read(path):
    """(blocks of commands, faults) of a document."""
    blocks, faults, section, special, block, fence = [], [], '', None, None, None
    for n, line in enumerate(open(path, encoding='utf-8').read().split('\n'), 1):
        m = re.match(r'^ *```(\S*)$', line)
        if m and fence is None:
            fence = m[1]
            if fence == 'sh':
                block = Block(path, n + 1, section, special)
                blocks.append(block)
                special = None
            elif fence == '':
                faults.append(f'{path}:{n}: say what the block is: sh (commands), text (what is printed, a file), '
                              'yaml, json')
            continue
        if m and m[1] == '':
            fence, block = None, None
            continue
        if block:
            block.lines.append(line)
        elif fence is None:
            if line.startswith('## '):
                section = line[3:]
            if line.strip():
                special = SPECIAL.match(line.strip())
                if line.startswith('<!--') and not special and re.match(r'<!-- (not|exit)', line):
                    faults.append(f'{path}:{n}: accepted: <!-- not run: WHY -->, <!-- exit status N: WHY -->')
    return blocks, faults


class Programs:
    """What the programs' help says that they know."""

    def __init__(self, build):
        self.build, self.texts = build, {}
        overview = self.ask('plimsoll', 'help')
        self.commands = set(re.findall(r'^  ([a-z]+)  ', overview, re.M))

    def ask(self, program, *words):
        return subprocess.run([os.path.join(self.build, program), *words], capture_output=True, text=True,
                              check=True, stdin=subprocess.DEVNULL).stdout

    def help(self, program, command):
        key = program, command
        if key not in self.texts:
            self.texts[key] = self.ask(program, 'help', command) if command else self.ask(program, '--help')
        return self.texts[key]

    def verbs(self, command):
        usage = re.split(r'\n\n', self.help('plimsoll', command))[0]
        usage = re.sub(r'\s+', ' ', usage).partition(f'plimsoll {command}')[2]
        return set(re.findall(r'(?:^|[|\[])\s*([a-z]+)(?=[ |\]]|$)', usage))


def word_split(line):
    """Words of a command line up to what begins another command."""
    words, quote, word = [], '', ''
    for c in line + '\n':
        if quote:
            quote = '' if c == quote else quote
            word += c
        elif c in '\'"':
            quote = c
            word += c
        elif c.isspace() or c in '|;&<>()':
            if word:
                words.append(word)
            word = ''
            if c in '|;&<>()\n':
                break
        else:
            word += c
    return words


def commands_of(lines):
    """(offset, words) of each command of our programs, and each script of the tree, in lines of shell."""
    text = '\n'.join(lines)
    joined = re.sub(r'\\\n', '  ', text)
    for n, line in enumerate(joined.split('\n')):
        line = re.sub(r'(^|\s)#.*$', '', line)
        for m in re.finditer(r'(?:^|[;&|(]|\bdo\b|\bthen\b|=[^ ]* )\s*((?:sudo )?(?:plimsolld|plimsoll-agent|plimsoll|deploy/[\w/-]+|tests/[\w/-]+)(?=\s|$).*)', line):
            yield n, word_split(m[1].removeprefix('sudo '))


def command_fault(programs, words, written):
    """What is wrong with a command line, or ''. `written`: in the text, where placeholders may stand."""
    program = words[0]
    if '/' in program:
        if not os.path.exists(program):
            return f'there is no {program}'
        known, name = open(program, encoding='utf-8', errors='replace').read(), program
        options = words[1:]
    elif program == 'plimsoll':
        if len(words) == 1:
            return ''
        command, options = words[1], words[2:]
        if command in ('--help', '--version', '-h', '-V'):
            return ''
        if command not in programs.commands:
            return '' if written and not re.match(r'^[a-z]+$', command) else f'plimsoll has no subcommand {command}'
        known, name = programs.help('plimsoll', command), f'plimsoll {command}'
        verbs = programs.verbs(command)
        if options and verbs and re.match(r'^[a-z]+$', options[0]) and options[0] not in verbs:
            if command not in ('journal', 'confirm', 'retry', 'replay', 'faults', 'import', 'setup'):
                return f'{name} has no verb {options[0]}; in its usage: {", ".join(sorted(verbs))}'
    else:
        known, name, options = programs.help(program, ''), program, words[1:]
    for word in options:
        m = re.match(r'^(--?[a-z][\w-]*)', word)
        if m and not re.search(r'(?<![\w-])' + re.escape(m[1]) + r'(?![\w-])', known):
            return f'{name} has no option {m[1]}'
    return ''


def parse_faults(programs, path, blocks):
    for block in blocks:
        for n, words in commands_of(block.lines):
            fault = command_fault(programs, words, False)
            if fault:
                yield f'{path}:{block.line + n}: {fault}'
    text = open(path, encoding='utf-8').read()
    text = re.sub(r'^ *```.*?^ *```$', lambda m: '\n' * m[0].count('\n'), text, flags=re.S | re.M)
    for m in re.finditer(r'`((?:plimsoll|plimsolld|plimsoll-agent) [^`]+)`', text):
        words = word_split(re.sub(r'[\[\]…]', ' ', m[1].replace('\n', ' ')))
        fault = command_fault(programs, words, True)
        if fault:
            yield f'{path}:{text.count(chr(10), 0, m.start()) + 1}: {fault}'


# ---- running -----------------------------------------------------------------------------------------------------

def report(host, vms):
    """What an agent of a host with these VMs (name, CPU in thousandths) writes."""
    now = int(time.time() * 1e6)
    rows = [f'plimsoll.report/1 {host} sent={now} seq={now} every=5000000', f'@host {now}', 'host.cpus\t\t16',
            'host.daemon\t\t1', f'host.uuid\t\t0000000{host[-1]}-0000-4000-8000-000000000000',
            f'host.cpu.busy\t\t{300 + sum(cpu for _, cpu in vms)}', f'@memory {now}', 'host.memory.total\t\t65536',
            f'host.memory.available\t\t{65000 - 4096 * len(vms)}', f'@vms {now}']
    for i, (vm, cpu) in enumerate(vms):
        rows += [f'vm.uuid\t{vm}\t0000000{host[-1]}-0000-4000-8000-00000000000{i}', f'vm.state\t{vm}\trunning',
                 f'vm.vcpus\t{vm}\t4', f'vm.memory\t{vm}\t4096', f'vm.cpu\t{vm}\t{cpu}', f'vm.dirty\t{vm}\t0']
    if host == 'h4':
        rows += [f'@faults_d {now}', 'fault.grade\tpsu1\t1', 'fault.why\tpsu1\tone of two power supplies is dead']
    return '\n'.join(rows) + '\n'


CLUSTER = {'h1': [], 'h2': [('web1', 900), ('db1', 800)], 'h3': [('web2', 900), ('db2', 800)], 'h4': [('shop1', 700)]}


class World:
    """A folder, a Redis with reports that come as from agents, and a service that has nothing to move."""

    def __init__(self, build):
        self.build, self.dir, self.started = build, tempfile.mkdtemp(prefix='plimsoll-docs.'), []
        self.over = threading.Event()
        self.agents = threading.Thread(target=self.report)
        self.url = f'unix://{self.dir}/redis.sock'
        self.work = os.path.join(self.dir, 'work')
        os.mkdir(self.work)
        shutil.copytree('deploy/examples', os.path.join(self.work, 'deploy/examples'))
        os.makedirs(os.path.join(self.work, 'tests/scenarios'))
        shutil.copy('deploy/examples/forty-hosts.json', os.path.join(self.work, 'cluster.json'))
        self.write('web9.xml', "<domain type='kvm'><name>web9</name><memory unit='GiB'>4</memory><vcpu>2</vcpu></domain>\n")
        self.write('node.xml', '<node><memory>8000000</memory><domain type="test"><name>web1</name><memory>1000000</memory>'
                               '<os><type>hvm</type></os></domain></node>\n')
        self.env = {'PATH': f'{build}:{os.environ["PATH"]}', 'HOME': self.work, 'LANG': 'C.UTF-8', 'TERM': 'dumb',
                    'PLIMSOLL_REDIS': self.url, 'COLUMNS': '100', 'LIBVIRT_DEFAULT_URI': f'test://{self.work}/node.xml'}

    def write(self, name, text):
        with open(os.path.join(self.work, name), 'w', encoding='utf-8') as f:
            f.write(text)

    def start(self, *words):
        log = open(os.path.join(self.dir, 'log'), 'ab')
        self.started.append(subprocess.Popen(words, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.env))

    def redis(self, *words, text=None):
        return subprocess.run(['redis-cli', '-s', f'{self.dir}/redis.sock', *words], input=text, capture_output=True,
                              text=True, check=False).stdout.strip()

    def up(self):
        self.start('redis-server', '--port', '0', '--unixsocket', f'{self.dir}/redis.sock', '--save', '', '--dir', self.dir)
        self.until('a private Redis', lambda: self.redis('ping') == 'PONG')
        self.agents.start()
        self.until('a report', lambda: self.redis('exists', 'plimsoll:{default}:report:h4') == '1')
        self.start(os.path.join(self.build, 'plimsolld'), '--redis', self.url, '--mode', 'auto', '--interval', '1s',
                   '--state-dir', f'{self.dir}/state', '--set', 'cluster.hosts=h*', '--set', 'service.hold=1s',
                   '--set', 'plan.threshold=2', '--set', 'service.uri=test:///nowhere/{host}')
        self.until('a round of the service', lambda: int(self.redis('xlen', 'plimsoll:{default}:records') or 0) > 0)

    def report(self):
        while not self.over.is_set():
            for host, vms in CLUSTER.items():
                self.redis('-x', 'set', f'plimsoll:{{default}}:report:{host}', text=report(host, vms))
            self.over.wait(0.5)

    def until(self, what, true):
        end = time.monotonic() + 60
        while not true():
            if time.monotonic() > end:
                raise RuntimeError(f'{what} did not come; log:\n' + open(os.path.join(self.dir, 'log'), encoding='utf-8').read())
            time.sleep(0.05)

    def down(self):
        self.over.set()
        if self.agents.ident:
            self.agents.join()
        for p in reversed(self.started):
            p.send_signal(signal.SIGTERM)
        for p in reversed(self.started):
            p.wait()
        shutil.rmtree(self.dir)

    def run(self, block):
        """Each command as it stands; the first that ends otherwise than it should ends the block."""
        script = ('trap \'s=$?; [ $s = %d ] || { echo "exit status $s: $BASH_COMMAND" >&2; exit 99; }\' ERR\n' % block.exit
                  + '\n'.join(block.lines) + '\nexit 0\n')
        done = subprocess.run(['timeout', '60', 'bash', '-c', script], cwd=self.work, env=self.env, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        return '' if done.returncode == 0 else f'{block.where()}: FAILED ({done.returncode})\n{done.stdout}'


def run_all(build, documents):
    bad = ran = 0
    for path, blocks in documents.items():
        wanted = [b for b in blocks if not b.not_run and path not in FRESH_PAGES and
                  not (path == 'README.md' and b.section in FRESH)]
        if not wanted:
            continue
        world = World(build)
        try:
            world.up()
            for block in wanted:
                fault = world.run(block)
                print(fault or f'ok      {block.where()}', flush=True)
                bad += bool(fault)
                ran += 1
        finally:
            world.down()
    print(f'{ran} blocks run, {bad} failed')
    return bad


def main():
    words = [w for w in sys.argv[2:] if not w.startswith('--')]
    build = os.path.abspath(sys.argv[1])
    paths = words or ['README.md'] + sorted('docs/' + f for f in os.listdir('docs') if f.endswith('.md'))
    programs, documents, faults = Programs(build), {}, []
    for line in ('plimsoll nonsense', 'plimsoll plan --no-such', 'plimsoll host adopt', 'tests/no-such', 'plimsolld -x'):
        if not command_fault(programs, word_split(line), False):
            faults.append(f'{sys.argv[0]}: does not see what is wrong with: {line}')
    if not words:
        page = open('docs/commands.md', encoding='utf-8').read()
        faults += [f'docs/commands.md lacks plimsoll {c}' for c in sorted(programs.commands)
                   if not re.search(rf'^\* [^:]*`{c}\b', page, re.M)]
    for path in paths:
        documents[path], wrong = blocks_read(path)
        faults += wrong + list(parse_faults(programs, path, documents[path]))
    every = [b for blocks in documents.values() for b in blocks]
    not_run = [b for b in every if b.not_run]
    if '--list' in sys.argv:
        print('\n'.join(f'{b.where()}: not run: {b.not_run}' for b in not_run))
    print('\n'.join(faults), end='\n' if faults else '')
    print(f'{len(every)} blocks of commands, {len(not_run)} of them not run (at most {NOT_RUN_MAX})')
    if faults or len(not_run) > NOT_RUN_MAX:
        return 1
    if '--run' in sys.argv:
        missing = [p for p in ('redis-server', 'redis-cli', 'virsh', 'certtool') if not shutil.which(p)]
        if missing:
            print(f'skipped: no {missing[0]}')
            return 77
        return 1 if run_all(build, documents) else 0
    return 0


if __name__ == '__main__':
    sys.exit(main())
