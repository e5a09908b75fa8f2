#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""docs/security.md names files and tests that are there: each `x.c` a source file, each word of a table's last column a test,
a fuzzer, a script of tests/arrows or a folder; and a row without a test says "open".
  tests/arrows/security.py [TREE]"""
import pathlib, re, sys

tree = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.')
sources = {p.name for room in ('scheduler', 'collectors', 'policies') for p in (tree / room).rglob('*.[ch]')} | \
          {p.name for room in ('scheduler', 'collectors') for p in (tree / room).rglob('*.def')}
tests = {p.stem for p in (tree / 'tests').rglob('*.[ch]')} | {p.stem for p in (tree / 'tests').rglob('*.sh')} | \
        {p.stem for p in (tree / 'tests').rglob('*.py')} | {'tests/fuzz', 'tests/tsan'}
faults, rows = [], 0
for n, line in enumerate((tree / 'docs/security.md').read_text().split('\n'), 1):
    for name in re.findall(r'`([a-z_0-9]+\.(?:c|h|def))`', line):
        if name not in sources:
            faults.append(f'docs/security.md:{n}: there is no {name}')
    cells = [c.strip() for c in line.strip('|').split('|')] if line.startswith('| ') else []
    if len(cells) < 3 or set(cells[-1]) <= set('-') or cells[-1] == 'test':
        continue
    rows += 1
    named = re.findall(r'`([^`]+)`', cells[-1])
    faults += [f'docs/security.md:{n}: there is no test {t}' for t in named if t not in tests]
    if not named and 'open' not in cells[-1]:
        faults.append(f'docs/security.md:{n}: no test, and not said to be open')
if rows < 20:
    faults.append(f'only {rows} rows are seen: the script is blind')
print('\n'.join(faults) or f'{rows} rows: files and tests are there')
sys.exit(bool(faults))
