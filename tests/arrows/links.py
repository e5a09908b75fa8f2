#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the rooms' libraries call: no files of a room call each other in a circle, and the judge calls nobody.

usage: tests/arrows/links.py BUILD_DIR

Two circles are let be, each said in its header: they are tables of functions, whose rows call back what reads the
table.
"""
import collections
import os
import re
import subprocess
import sys

# The files of a circle, and the header that says why it is one.
ALLOWED = {
    frozenset({'command', 'cmd_help', 'cmd_top'}): 'scheduler/app/commands/command.h',
    frozenset({'snapshot_fields', 'snapshot_read', 'snapshot_print', 'lessons_read', 'booking_read'}):
        'scheduler/snapshot/files/snapshot_fields.h',
}
JUDGE_MAY_CALL = {'base', 'model', 'judge'}


def symbols(archives):
    """For each archive (objects that define a symbol, symbols that an object wants)."""
    rooms = {a: ({}, collections.defaultdict(set)) for a in archives}
    text = subprocess.run(['nm', '-gA', *archives], capture_output=True, text=True, check=True).stdout
    for m in re.finditer(r'^([^:]+):([^:]+?)\.c\.o:[0-9a-f]* +(\w) (\S+)$', text, re.M):
        defines, wants = rooms[m.group(1)]
        if m.group(3) in 'TDRBC':
            defines[m.group(4)] = m.group(2)
        elif m.group(3) == 'U':
            wants[m.group(2)].add(m.group(4))
    return rooms


def circles(calls):
    """Tarjan: the sets of objects that reach each other."""
    index, low, stack, found = {}, {}, [], []

    def visit(v):
        index[v] = low[v] = len(index)
        stack.append(v)
        for w in calls.get(v, ()):
            if w not in index:
                visit(w)
                low[v] = min(low[v], low[w])
            elif w in stack:
                low[v] = min(low[v], index[w])
        if low[v] == index[v]:
            ring = set()
            while v not in ring:
                ring.add(stack.pop())
            if len(ring) > 1:
                found.append(frozenset(ring))

    for v in list(calls):
        if v not in index:
            visit(v)
    return found


def main(build):
    build = os.path.abspath(build)
    os.chdir(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
    archives = [os.path.join(build, f) for f in os.listdir(build) if re.match(r'lib\w+\.a$', f)]
    rooms = {os.path.basename(a)[3:-2]: found for a, found in symbols(archives).items()} if archives else {}
    bad, seen = [], set()
    if len(rooms) < 20:
        bad.append(f'{build} has libraries of {len(rooms)} rooms only: is it built?')
    for room, (defines, wants) in sorted(rooms.items()):
        calls = {o: {defines[s] for s in w if s in defines} - {o} for o, w in wants.items()}
        for ring in circles(calls):
            seen.add(ring)
            if ring not in ALLOWED:
                bad.append(f'{room}: these call each other in a circle: ' + '; '.join(
                    f'{o} calls {", ".join(sorted(calls[o] & ring))}' for o in sorted(ring)))
    bad += [f'{h}: does not say why its files call each other in a circle ("An honest circle")'
            for h in ALLOWED.values() if 'An honest circle' not in open(h, encoding='utf-8').read()]
    bad += [f'{", ".join(sorted(r))}: no circle any more, take it out of the list' for r in ALLOWED if r not in seen]
    home = {s: room for room, (defines, _) in rooms.items() for s in defines}
    for o, w in rooms.get('judge', ({}, {}))[1].items():
        bad += [f'judge: {o} calls {s} of {home[s]}: it shares no code with what it judges'
                for s in sorted(w) if home.get(s, 'judge') not in JUDGE_MAY_CALL]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1]))
