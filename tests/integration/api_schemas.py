#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Answers of the API are as its OpenAPI document says.
  api_schemas.py OPENAPI_FILE SOCKET"""
import json
import subprocess
import sys

import jsonschema

QUERY = {'/api/v1/explain': '?vm=db', '/api/v1/capacity': '?vcpus=1&memory=1GiB', '/api/v1/frontier': '?by=moves'}


def ask(path, local):
    out = subprocess.run(['curl', '-s', '--max-time', '30', '-w', '\n%{http_code}', '--unix-socket', local, 'http://localhost' + path],
                         capture_output=True, text=True, check=True).stdout
    text, _, code = out.rpartition('\n')
    return int(code), json.loads(text)


def main():
    document = json.load(open(sys.argv[1], encoding='utf-8'))
    faults, n = [], 0
    for path, operations in document['paths'].items():
        if 'get' not in operations or '{' in path or not path.startswith('/api/'):
            continue
        if 'text/event-stream' in operations['get']['responses']['200']['content']:
            continue  # it goes on for ever: api_events_test.sh
        for code, where in ((200, path + QUERY.get(path, '')), (400, path + '?limit=%zz')):
            got, answer = ask(where, sys.argv[2])
            responses = operations['get']['responses']
            content = responses[str(code) if code == 200 else 'default']['content']
            schema = dict(next(iter(content.values()))['schema'], components=document['components'])
            n += 1
            if got != code:
                faults.append(f'{where}: {got}')
            try:
                jsonschema.Draft202012Validator(schema).validate(answer)
            except jsonschema.ValidationError as e:
                faults.append(f'{where}: {e.message[:200]}')
    print('\n'.join(faults) or f'{n} answers are as they should be')
    return 1 if faults or n < 20 else 0


if __name__ == '__main__':
    sys.exit(main())
