#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""validate.py BUILD [SOCKET]: all JSON that the programs print is as docs/schemas says, and nothing more.

Every document is held to the file of its schema with additionalProperties: false at each level, so that every key is documented;
a schema without a file and a file without a document are faults. And the law of the names: one name has one unit, everywhere."""
import collections, copy, glob, json, os, sys, tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import printed

try:
    import jsonschema
except ImportError:
    sys.exit(77)

FOLDER = 'docs/schemas/'
# They need a record of a service, hosts that are held, a roll that runs, libvirt, or a receiver of notices: stories of their own have them.
ELSEWHERE = {'replay-1', 'release-1', 'roll-state-1', 'setup-1', 'apply-1', 'notice-1', 'notify-test-1'}
# Names of the snapshot file, which many have written by hand: the unit depends on where they stand.
OLD_NAMES = {'id': 'of a NUMA node a number', 'cpus': 'of a NUMA node a list of CPUs', 'load': 'a tier of costs, and use by resource', 'evacuate': 'a tier, and a word of rules',
             'headroom': 'a share, or one of each resource', 'cpu': 'cores, in headroom a share', 'net_mbit': 'one number, or one of each direction', 'extra': 'a list, or amounts',
             'speed': 'a factor of lessons', 'bytes': 'on the wire; a factor of lessons', 'vms': 'names', 'rtt_seconds': 'of a pair, or by host', 'bound': 'costs, or VMs',
             'memory': 'in headroom', 'unsure': 'a count, and a factor of lessons',
             'value': 'a reading, whose unit docs/metrics.md says, and a setting'}


def files():
    return {os.path.basename(f)[:-5]: json.load(open(f)) for f in sorted(glob.glob(FOLDER + '*.json'))}


def bundled(schema, all_files):
    """With what it refers to inside, so that nothing is fetched."""
    def local(x):
        if isinstance(x, list):
            return [local(v) for v in x]
        if not isinstance(x, dict):
            return x
        x = {k: local(v) for k, v in x.items() if k != '$id'}
        ref = x.get('$ref', '')
        if ref.startswith('common.json'):
            x['$ref'] = ref[len('common.json'):]
        elif ref.endswith('.json'):
            x['$ref'] = '#/$defs/' + ref[:-5]
        return x
    out = local(copy.deepcopy(schema))
    out['$defs'] = {**local(all_files['common']['$defs']), 'plan-1': {k: v for k, v in local(all_files['plan-1']).items() if k != '$schema'}}
    return out


def closed(x):
    """No key beside those that are said."""
    if isinstance(x, list):
        return [closed(v) for v in x]
    if not isinstance(x, dict):
        return x
    x = {k: closed(v) for k, v in x.items()}
    if isinstance(x.get('properties'), dict) and 'additionalProperties' not in x:
        x['additionalProperties'] = False
    return x


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


def main():
    build, sock = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else None
    all_files = files()
    checks, used, faults, n = {}, set(), law_of_names(all_files), 0
    for name, schema in all_files.items():
        jsonschema.Draft202012Validator.check_schema(schema)
        if name != 'common':
            checks[name] = jsonschema.Draft202012Validator(closed(bundled(schema, all_files)))
    with tempfile.TemporaryDirectory() as work:
        for words, d in printed.documents(build, sock, work):
            if d is None:
                continue
            name = d.get('schema', '?').replace('plimsoll.', '').replace('/', '-') if isinstance(d, dict) else '?'
            used.add(name)
            n += 1
            if name not in checks:
                faults.append(f'{" ".join(words[:3])}: schema {name} has no file in {FOLDER}')
                continue
            for e in list(checks[name].iter_errors(d))[:2]:
                faults.append(f'{" ".join(words)[:100]}: {name}: {"/".join(map(str, e.absolute_path))}: {e.message[:200]}')
    faults += [f'{FOLDER}{f}.json: nothing that is run here prints it' for f in sorted(set(checks) - used - ELSEWHERE)] if sock else []
    index = open('docs/json.md').read()
    faults += [f'docs/json.md does not name {f}.json' for f in checks if f'(schemas/{f}.json)' not in index]
    for f in list(dict.fromkeys(faults))[:60]:
        print(f)
    print(f'{n} documents of {len(used)} schemas: {len(faults)} faults')
    sys.exit(1 if faults else 0)


main()
