#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of contents: for each a function of at most a screen that names its steps in their order, and that
HACKING.md sends a reader to."""
import re
import sys

LINES_MOST = 45
STEPS_LEAST = 4
TABLES = {
    'planner_decide': 'scheduler/decide/plan/planner.c',
    'service_round': 'scheduler/app/service/service_round.c',
    'mover_run': 'scheduler/app/round/mover.c',
    'mover_hooks': 'scheduler/app/round/mover.c',
}


def main():
    bad = []
    hacking = open('HACKING.md', encoding='utf-8').read()
    for name, path in TABLES.items():
        text = open(path, encoding='utf-8').read()
        m = re.search(r'^(?:static )?\w+ \*?' + name + r'\(.*?^}\n', text, re.S | re.M)
        if not m:
            bad.append(f'{path}: there is no function {name}')
            continue
        body = m.group(0)
        if body.count('\n') > LINES_MOST:
            bad.append(f'{path}: {name} has {body.count(chr(10))} lines; a table of contents has {LINES_MOST} at most')
        steps = re.findall(r'r = (?:\w+ \? )?(\w+)\(|^\s*\.\w+ = (\w+),', body, re.M)
        if len(steps) < STEPS_LEAST:
            bad.append(f'{path}: {name} names {len(steps)} steps: it tells a reader nothing')
        if re.search(r'^\s*(for|while|switch) ', body, re.M):
            bad.append(f'{path}: {name} does more than name its steps: a loop is a step of its own')
        if f'`{name}()`' not in hacking:
            bad.append(f'HACKING.md does not say where to read of {name}()')
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
