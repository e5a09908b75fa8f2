#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""validate.py BUILD [SOCKET]: all JSON that the programs print is as docs/schemas says, and nothing more.

Every document is held to the file of its schema with additionalProperties: false at each level, so that every key is documented;
a schema without a file, a file without a document, an object of a schema that no document has, and a command that has --json and is
not asked are faults. And the law of the names: one name has one unit, everywhere."""
import collections, os, re, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
try:
    import schemas
except ImportError:  # no python3-jsonschema
    sys.exit(77)
import printed

FOLDER = 'docs/schemas/'
# A receiver of notices has them: stories of their own.
ELSEWHERE = {'notice-1', 'notify-test-1'}
# Names of the snapshot file, which many have written by hand: the unit depends on where they stand.
OLD_NAMES = {'id': 'of a NUMA node a number', 'cpus': 'of a NUMA node a list of CPUs', 'load': 'a tier of costs, and use by resource', 'evacuate': 'a tier, and a word of rules',
             'left_out': 'a count, and kinds of keys in an export', 'channels': 'connections of a migration, and receivers of a notice', 'headroom': 'a share, or one of each resource', 'cpu': 'cores, in headroom a share', 'net_mbit': 'one number, or one of each direction', 'extra': 'a list, or amounts',
             'speed': 'a factor of lessons', 'bytes': 'on the wire; a factor of lessons', 'vms': 'names', 'rtt_seconds': 'of a pair, or by host', 'bound': 'costs, or VMs',
             'memory': 'in headroom', 'unsure': 'a count, and a factor of lessons',
             'value': 'a reading, whose unit docs/metrics.md says, and a setting'}
# Of the API alone: tests/integration/api_actions_test.sh.
OF_API = {'list-1', 'clusters-1', 'host-1', 'vm-1', 'draft-1', 'login-1', 'handed-1', 'command-1'}
# Objects that need other machines: a report out of bounds, hosts by SSH; a VM with a history (the API's story has it).
UNSEEN = {'plan-1: /moves/[]/demand', 'agent-report-1: /sections/[]/over_their_bounds/[]', 'setup-1: /sample', 'setup-1: /ssh_key'}


def kinds_of(schema):
    """(name, what it is) of each property."""
    if isinstance(schema, list):
        for v in schema:
            yield from kinds_of(v)
    if not isinstance(schema, dict):
        return
    for name, p in (schema.get('properties') or {}).items():
        if isinstance(p, dict) and 'const' not in p:
            for one in p.get('anyOf', [p]):
                ref = one.get('$ref', '')
                if '.json#/properties/' in ref:
                    continue  # what it is stands there
                types = one.get('type', [])
                yield name, ref.rsplit('/', 1)[-1] if ref else ' or '.join(t for t in ([types] if isinstance(types, str) else types) if t != 'null')
    for v in schema.values():
        yield from kinds_of(v)


def law_of_names(all_files):
    units = {n for n, d in all_files['common']['$defs'].items() if d['type'] != 'object'}
    seen = collections.defaultdict(lambda: collections.defaultdict(set))
    faults = []
    for f, schema in all_files.items():
        for name, kind in kinds_of(schema):
            seen[name][kind].add(f)
            if ' ' in name:
                faults.append(f'{f}: "{name}" has a blank')
            if kind in ('number', 'integer') and name not in OLD_NAMES:
                faults.append(f'{f}: {name} is a number without a unit of common.json')
    for name, kinds in sorted(seen.items()):
        named = {k for k in kinds if k}
        if named & units and len(named) > 1 and name not in OLD_NAMES:
            faults.append(f'{name} is {", ".join(f"{k} in {sorted(v)[0]}" for k, v in sorted(kinds.items()) if k)}: one name, one unit')
    return faults


def keys_of_printers(all_files):
    """Plans are written piece by piece, some of it rarely: each key that stands in the source of their printer is in the schema."""
    known = {k for k, _ in named_in(all_files['plan-1'])} | {k for k, _ in named_in(all_files['common'])}
    keys = set(re.findall(r'_?put_[a-z_]+\([^;"]*"([a-z_0-9]+)"', open('scheduler/snapshot/files/plan_print.c', encoding='utf-8').read()))
    assert len(keys) > 40, keys
    return [f'plan_print.c: key {k} is not in {FOLDER}plan-1.json' for k in sorted(keys - known)]


def named_in(schema):
    """(name, schema) of each property, at every level."""
    if isinstance(schema, list):
        for v in schema:
            yield from named_in(v)
    if isinstance(schema, dict):
        if isinstance(schema.get('properties'), dict):
            yield from schema['properties'].items()
        for v in schema.values():
            yield from named_in(v)


def main():
    build, sock = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    check, faults, n = schemas.Checker(), [*law_of_names(schemas.files()), *keys_of_printers(schemas.files())], 0
    with tempfile.TemporaryDirectory() as work:
        for words, d in printed.documents(build, sock, work):
            if d is None:
                continue
            n += 1
            faults += [f'{" ".join(words)[:100]}: {what}' for what in ([d] if isinstance(d, str) else check(schemas.name_of(d), d))]
    faults += [f'{FOLDER}{f}.json: nothing that is run here prints it' for f in sorted(set(check.fast) - set(check.counts) - OF_API - ELSEWHERE)] if sock else []
    faults += [f'{where}: no document here has this object: nothing holds its keys to the schema' for where in sorted(check.never_seen() - UNSEEN) if where.split(':')[0] not in OF_API | ELSEWHERE] if sock else []
    index = open('docs/json.md', encoding='utf-8').read()
    faults += [f'docs/json.md does not name {f}.json' for f in check.fast if f'(schemas/{f}.json)' not in index]
    for f in list(dict.fromkeys(faults))[:60]:
        print(f)
    print(f'{n} documents of {len(check.counts)} schemas: {len(faults)} faults')
    sys.exit(1 if faults else 0)


if __name__ == '__main__':
    main()
