#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The documents can be read: README.md and docs/*.md are at most 100 columns wide, in US spelling and plain words, every
link leads somewhere, a default that is told beside a setting is its default, and docs/README.md leads to every page.

Wider may be: rows of the tables in TABLES, and in other files as many as WIDE has. A line that cannot be broken (one
word, such as a URL) is let be.
"""
import os
import re
import sys

COLUMNS_MAX = 100
# Tables of keys, fields, fixtures and attacks, which go by the code, and examples of JSON: rows of any width.
TABLES = tuple('docs/' + f + '.md' for f in ('api', 'audit', 'faults', 'frontier', 'metrics', 'plan-file', 'record-file', 'redis-keys',
                                            'security', 'snapshot-file'))
# Rows of other tables that are wider: how many a file may have.
WIDE = {
    'docs/json.md': 7,
    'docs/performance.md': 21,
}
PRINTED = ('docs/settings.md',)  # by plimsoll settings doc --markdown


def lines_of(path):
    """(number, line, language of the block it is in or None); the lines that begin and end a block are of it."""
    fence = None
    for n, line in enumerate(open(path, encoding='utf-8').read().split('\n'), 1):
        m = re.match(r'^ *```(\S*)', line)
        if m and fence is None:
            fence = m[1] or 'text'
            yield n, line, fence
        elif m:
            yield n, line, fence
            fence = None
        else:
            yield n, line, fence


def width_faults(path):
    wide = 0
    if path in PRINTED:
        return
    for n, line, fence in lines_of(path):
        if len(line) <= COLUMNS_MAX or len(line.split()) == 1:
            continue
        if fence == 'json' or fence is None and line.lstrip().startswith('|'):
            wide += path not in TABLES
        else:
            yield f'{path}:{n}: {len(line)} columns; at most {COLUMNS_MAX}'
    may = WIDE.get(path, 0)
    if wide > may:
        yield f'{path}: {wide} rows of tables or lines of JSON are wider than {COLUMNS_MAX} columns; at most {may} may be'


BRITISH = re.compile(r'\b\w*(?:neighbour|behaviour|colour|favour|centre|(?:util|optim|recogn|minim|maxim|synchron|author)is)'
                     r'\w*', re.I)


# Words that shall not come back, with what stands for them.
RIDDLES = {
    r'mend(?:s|ed|ing)?': 'repair', r'dear(?:er)?': 'expensive', r'so many': 'the number, as many', r'so long': 'this time',
    r'passed over': 'ignored', r'(?:is|are|was|were) (?:said|told|spoken)': 'is printed, is in the log, is reported',
}
TABLED = ('docs/metrics.md', 'docs/redis-keys.md', 'docs/plan-file.md', 'docs/snapshot-file.md')  # rows held to the code


def wording_faults(path):
    for n, line, fence in lines_of(path):
        text = '' if fence else re.sub(r'`[^`]*`', '', line)
        m = BRITISH.search(text)
        if m:
            yield f'{path}:{n}: {m[0]}: US spelling'
        if path in PRINTED or path in TABLED and line.lstrip().startswith(('|', '#')):
            continue
        for words, better in RIDDLES.items():
            m = re.search(rf'\b{words}\b', text, re.I)
            if m:
                yield f'{path}:{n}: "{m[0]}": plain words ({better})'


UNITS = {'us': 1e-6, 'ms': 1e-3, 's': 1, 'second': 1, 'm': 60, 'min': 60, 'minute': 60, 'h': 3600, 'hour': 3600, 'd': 86400, 'day': 86400,
         'MiB': 1, 'GiB': 1024, '%': 0.01, '': 1}
VALUE = re.compile(r'(\d+(?:\.\d+)?)\s*(us|ms|min|minutes?|seconds?|hours?|days?|MiB|GiB|[smhd%]?)(?![\w.])')


def value_of(text):
    """A number with its unit as one number; None: something else."""
    m = VALUE.fullmatch(text.strip())
    return m and float(m[1]) * UNITS[m[2] if m[2] in UNITS else m[2].rstrip('s')]


def settings_defaults():
    rows = re.findall(r'^\| `([a-z_]+\.[a-z_]+)` \| ([^|]*) \|', open('docs/settings.md', encoding='utf-8').read(), re.M)
    return {name: value_of(default) for name, default in rows}


def default_faults(path, defaults):
    """A default that stands beside a setting's name, `service.hold` (1 minute), is its default."""
    text = '\n'.join('' if fence else line for _, line, fence in lines_of(path))
    for m in re.finditer(r'`([a-z_]+\.[a-z_]+)`(?:\s+\(|,\s+)(\d[^,;()]*)', text):
        given, default = value_of(m[2]), defaults.get(m[1])
        if given is not None and default is not None and abs(given - default) > 1e-9:
            yield f'{path}:{text.count(chr(10), 0, m.start()) + 1}: {m[1]} is {m[2].strip()} here, and another by docs/settings.md'


def anchor(heading):
    """As GitHub makes it of a heading."""
    text = re.sub(r'\[([^\]]*)\]\([^)]*\)', r'\1', heading).replace('`', '').strip().lower()
    return re.sub(r'[^\w\- ]', '', text).replace(' ', '-')


def anchors(path):
    found = set()
    for _, line, fence in lines_of(path):
        m = re.match(r'^#{1,6} (.*)$', line)
        if m and fence is None:
            name, k = anchor(m[1]), 0
            while (name if not k else f'{name}-{k}') in found:
                k += 1
            found.add(name if not k else f'{name}-{k}')
        found |= set(re.findall(r'<a (?:id|name)="([^"]+)"', line))
    return found


def links_of(path):
    """(number, target) of links within the tree."""
    text = '\n'.join('' if fence else line for _, line, fence in lines_of(path))
    text = re.sub(r'`[^`\n]*`', lambda m: ' ' * len(m[0]), text)
    for m in re.finditer(r'\]\(([^)\s]+)\)|<img src="([^"]+)"', text):
        target = m[1] or m[2]
        if not re.match(r'[a-z]+:', target):
            yield text.count('\n', 0, m.start()) + 1, target


def link_faults(path):
    for n, target in links_of(path):
        name, _, part = target.partition('#')
        where = os.path.normpath(os.path.join(os.path.dirname(path), name)) if name else path
        if not os.path.exists(where):
            yield f'{path}:{n}: there is no {where}'
        elif part and where.endswith('.md') and part not in anchors(where):
            yield f'{path}:{n}: {where} has no heading #{part}'


def refusal_faults(page):
    """Each reason why a move may not be made has its line in the page, and no other is there."""
    names = set(re.findall(r'^ *X\(([A-Z_]+), "', open('scheduler/model/reason.h', encoding='utf-8').read(), re.M)) - {'NONE'}
    told = set(re.findall(r'`([A-Z]+(?:_[A-Z]+)*)`', open(page, encoding='utf-8').read()))
    if len(names) < 40:
        yield f'{page}: the names of reasons cannot be read'
    for name in sorted(names - told):
        yield f'{page}: nothing is said of the refusal {name}'
    for name in sorted(told - names):
        yield f'{page}: {name} is no refusal'


def main():
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else '.')
    pages = sorted('docs/' + f for f in os.listdir('docs') if f.endswith('.md'))
    bad, defaults = [], settings_defaults()
    if defaults.get('service.hold') != 60 or value_of('30 %') != 0.3 or value_of('2 minutes') != 120:
        bad.append('docs/settings.md: its defaults cannot be read')
    for path in ['README.md'] + pages:
        bad += list(default_faults(path, defaults)) + list(width_faults(path)) + list(wording_faults(path)) + list(link_faults(path))
    index = 'docs/README.md'
    listed = {os.path.normpath(os.path.join('docs', t.partition('#')[0])) for _, t in links_of(index)}
    bad += [f'{index} has no link to {p}' for p in pages if p not in listed and p != index]
    bad += list(refusal_faults('docs/refusals.md'))
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
