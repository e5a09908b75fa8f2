#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""At most five types describe a move, and none copies what another says.

To describe a move is to say which VM goes from which host to which. Two types say it: Move by indexes, MoveOrder
by names. A type that holds one of them by value describes it too, with more (WaveMove: when; PlanMove: why, and what
is expected of it); what points to one only refers to it: requests, journal, records and the live state all point to
a MoveOrder. Types are counted that other rooms can see, so a struct of a header; not of one that ends in _parts.h,
which the files of one object share. What files work with is their own business, but its fields do not say it again
either: no struct anywhere has a `from` and a `to` of hosts but the two, and those that are listed below.

With --list: the types, and what refers to them.
"""
import re
import subprocess
import sys

MOST = 5
SAY_IT = {'Move', 'MoveOrder'}
# Pairs of hosts that are no move of a VM; and names that stand in one sentence.
PAIRS = {
    'RouteLesson': 'what finished migrations between two hosts taught',
    'RouteLearned': 'the same, by indexes',
    'MoveHold': 'a VM, a host, or a VM and a host that are left alone for a while',
}
FIELD = re.compile(r'^(?:const\s+)?(?:struct\s+)?(\w+)\b(?:\s+const)?\s*(.*)$', re.S)


def structs(text):
    """(name, members) of each struct, members as (type, pointer, name)."""
    text = re.sub(r'/\*.*?\*/', ' ', text, flags=re.S)
    for m in re.finditer(r'\bstruct\s*(\w*)\s*\{', text):
        depth, i = 1, m.end()
        while depth and i < len(text):
            depth += {'{': 1, '}': -1}.get(text[i], 0)
            i += 1
        end = re.match(r'\s*(\w*)', text[i:])
        members = []
        for line in re.sub(r'\{[^{}]*\}', ' ', text[m.end():i - 1]).split(';'):
            f = FIELD.match(line.strip())
            if not f or '(' in line:
                continue
            for name in f.group(2).split(','):
                n = re.match(r'\s*((?:\*\s*(?:const\s+)?)*)(\w+)', name)
                if n:
                    members.append((f.group(1), '*' in n.group(1), n.group(2)))
        yield end.group(1) or m.group(1), members


def main():
    files = subprocess.run(['git', 'ls-files', 'scheduler/*.c', 'scheduler/*.h', 'policies/*.c', 'policies/*.h'],
                           capture_output=True, text=True, check=True).stdout.split()
    found = {}  # name → (file, members)
    bad = []
    for f in files:
        try:
            text = open(f, encoding='utf-8').read()
        except FileNotFoundError:
            continue
        for name, members in structs(text):
            found[name, f] = members
            hosts = {n for t, p, n in members if n in ('from', 'to') and (t == 'HostIx' or (t == 'char' and p))}
            if hosts == {'from', 'to'} and name not in SAY_IT and name not in PAIRS:
                bad.append(f'{f}: {name} says once more from where to where: it may hold or point to a Move or a '
                           'MoveOrder')
    moves = set(SAY_IT)
    while True:
        more = {n for (n, f), members in found.items() if f.endswith('.h') and not f.endswith('_parts.h') and n not in moves and
                any(t in moves and not p for t, p, _ in members)}
        if not more:
            break
        moves |= more
    for name in sorted(SAY_IT):
        if not any(n == name for n, _ in found):
            bad.append(f'{name} is not there any more: this test looks for nothing')
    for name in PAIRS:
        if not any(n == name for n, _ in found):
            bad.append(f'{name} is not there any more: take it out of the list of this test')
    if len(moves) > MOST:
        bad.append(f'{len(moves)} types describe a move, {MOST} are the most: ' + ', '.join(sorted(moves)))
    if '--list' in sys.argv:
        for n in sorted(moves):
            print(n, *(f for k, f in found if k == n))
        for (n, f), members in sorted(found.items(), key=lambda x: x[0]):
            for t, p, m in members:
                if t in moves and n not in moves:
                    print(f'  {n} ({f}): {t} {"*" if p else ""}{m}')
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
