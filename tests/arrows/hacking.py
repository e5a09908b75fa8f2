#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""HACKING.md is true of the tree: its table has the rooms of arrows.txt and what each may include, and every file it
names exists (blocks of code aside: tests/recipes does those)."""
import os
import re
import subprocess
import sys

OF_A_KIND = {'cluster.json', 'settings.yaml', 'glpk.h', 'hiredis.h'}  # of each scenario; of the system
ENDINGS = r'\.(?:c|h|def|md|sh|py|txt|json|yaml|cmake)'


def short(room):
    return room.removeprefix('scheduler/')


def rooms_of_arrows():
    for line in open('tests/arrows/arrows.txt', encoding='utf-8'):
        if line.strip() and not line.startswith('#'):
            room, may = line.split(':')
            yield room.strip(), ['all'] if may.split() == ['*'] else [short(r) for r in may.split()]


def table_faults(text):
    rows = {}
    for line in text.splitlines():
        row = re.match(r'\| `([a-z/_]+)` \| (.*\S) \| ?(.*?) ?\|$', line)
        if row and os.path.isdir(row[1]):
            rows[row[1]] = row[2], row[3].split()
    known = dict(rooms_of_arrows())
    for room, may in known.items():
        if room not in rows:
            yield f'the table of rooms lacks {room}: | `{room}` | what it holds | {" ".join(may)} |'
        elif sorted(rows[room][1]) != sorted(may):
            yield f'{room} may include by arrows.txt: {" ".join(may)}'
    for room in rows:
        if room not in known:
            yield f'{room} is no room of arrows.txt'


def file_faults(text, written):
    files = subprocess.run(['git', 'ls-files', '-co', '--exclude-standard'], capture_output=True, text=True,
                           check=False).stdout.split('\n')
    if len(files) < 10:  # no git here: a copy
        files = [os.path.join(d, f)[2:] for d, _, names in os.walk('.') for f in names]
    there = {f for f in files if os.path.exists(f)}
    ends = {f.split('/', n)[-1] for f in there for n in range(f.count('/') + 1)}
    for name in sorted(set(re.findall(r'[A-Za-z0-9_./-]*[A-Za-z0-9_-]' + ENDINGS + r'\b', text))):
        if name not in ends and name not in written and name not in OF_A_KIND:
            yield f'there is no file {name}'
    for name in sorted(set(re.findall(r'`((?:scheduler|collectors|policies|tests|docs|deploy)/[a-z0-9_/-]+)`', text))):
        if not os.path.exists(name) and not re.search(r'NAME', name):
            yield f'there is no folder or file {name}'


def main():
    text = open('HACKING.md', encoding='utf-8').read()
    written = set(re.findall(r'^```c (\S+)$', text, re.M))
    plain = re.sub(r'^```.*?^```$', '', text, flags=re.S | re.M)
    faults = list(table_faults(plain)) + list(file_faults(plain, written))
    for fault in faults:
        print(f'HACKING.md: {fault}')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
