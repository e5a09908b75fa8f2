#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers of the API are as docs/schemas says, and of the schema that the OpenAPI document names for the route.
  api_schemas.py OPENAPI_FILE SOCKET ANSWERS

Every GET without a name in its path is asked here; ANSWERS has the answers that the story got, a file each: its first line is
"CODE METHOD URL", then the body."""
import json
import os
import re
import subprocess
import sys
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'schemas'))
import schemas

QUERY = {'/api/v1/explain': '?vm=db', '/api/v1/capacity': '?vcpus=1&memory=1GiB', '/api/v1/frontier': '?by=moves'}
# What a list has, or its one element: of which command's document.
LISTS = {'hosts': ('status-1', 'hosts'), 'vms': ('snapshot-1', 'vms'), 'faults': ('fault-list-1', 'hosts'), 'moves': ('journal-1', 'open'),
         'plans': ('confirm-1', 'plans'), 'audit': ('audit-1', 'decisions')}


def ask(path, local):
    out = subprocess.run(['curl', '-s', '--max-time', '30', '-w', '\n%{http_code}', '--unix-socket', local, 'http://localhost' + path],
                         capture_output=True, text=True, check=True).stdout
    text, _, code = out.rpartition('\n')
    return int(code), json.loads(text)


def operation(document, method, path):
    for pattern, operations in document['paths'].items():
        if re.fullmatch(re.sub(r'\\{[a-z]+\\}', '[^/]+', re.escape(pattern)), path) and method.lower() in operations:
            return pattern, operations[method.lower()]
    return None, None


def faults_of(check, document, code, method, url, answer):
    """What is wrong with an answer."""
    path = urllib.parse.urlsplit(url).path
    pattern, o = operation(document, method, path)
    if code >= 400:  # RFC 9457
        problem = schemas.closed(document['components']['schemas']['Problem'])
        yield from (e.message for e in schemas.jsonschema.Draft202012Validator(problem).iter_errors(answer))
        return
    if not o or str(code) not in o['responses']:
        yield 'no such operation, or not this code of it, in the OpenAPI document'
        return
    named = next(iter(o['responses'][str(code)]['content'].values()))['schema']
    wanted = named.get('$ref', '').removeprefix('#/components/schemas/').replace('plimsoll.', '').replace('.', '-')
    name = schemas.name_of(answer)
    what = LISTS.get(path.split('/')[3])
    if wanted and name != wanted:
        yield f'is {name}; the OpenAPI document says {wanted}'
    if name == '(none)' and what and '{' in pattern:
        yield from check(check.element(*what), answer)
    else:
        yield from check(name, answer)
    if name == 'list-1':
        for item in answer['items']:
            yield from check(*element(check, pattern, what, item))


def element(check, pattern, what, item):
    """What an item of a list is held to."""
    if pattern.endswith('/moves') and 'plans' in pattern:
        return check.element('plan-1', 'moves'), item
    if what == LISTS['plans']:  # its moves are pages of their own
        rest = {k: v for k, v in item.items() if k not in ('move_count', 'etag')}
        return check.element(*what), {**rest, 'plan': {'schema': 'plimsoll.plan/1', 'cluster': '', 'status': '', 'moves': []}}
    return check.element(*what), item


def asked(document, local):
    for path, operations in document['paths'].items():
        if 'get' in operations and '{' not in path and path.startswith('/api/') and not path.endswith('/openapi.json'):
            if 'text/event-stream' in operations['get']['responses']['200']['content']:
                continue  # it goes on for ever: api_events_test.sh
            for code, where in ((200, path + QUERY.get(path, '')), (400, path + '?limit=%zz')):
                got, answer = ask(where, local)
                if got != code:
                    print(f'{where}: {got}')
                    sys.exit(1)
                yield got, 'GET', where, answer


def kept(folder):
    for name in sorted(os.listdir(folder)):
        first, _, body = open(os.path.join(folder, name), encoding='utf-8').read().partition('\n')
        code, method, url = first.split(' ')
        try:
            yield int(code), method, url, json.loads(body)
        except ValueError:
            continue  # /metrics


def main():
    document = json.load(open(sys.argv[1], encoding='utf-8'))
    check, faults, n, changes = schemas.Checker(), [], 0, set()
    for source in (asked(document, sys.argv[2]), kept(sys.argv[3])):
        for code, method, url, answer in source:
            if url.endswith('/openapi.json'):
                continue
            n += 1
            faults += [f'{method} {url}: {code}: {what}' for what in faults_of(check, document, code, method, url, answer)]
            if code < 300 and method != 'GET':
                changes.add((method, operation(document, method, urllib.parse.urlsplit(url).path)[0]))
    all_changes = {(m.upper(), p) for p, operations in document['paths'].items() for m in operations if m != 'get'}
    faults += [f'{m} {p}: the story has no answer of it' for m, p in sorted(all_changes - changes)]
    print('\n'.join(dict.fromkeys(faults)) or f'{n} answers are as they should be')
    return 1 if faults or n < 40 else 0


if __name__ == '__main__':
    sys.exit(main())
