#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each number that is read of what comes from outside has its bound in scheduler/model/bounds.def: every call that makes a number
of text or JSON says bound_of(BOUND_…), metric_bound(…), or a member of a table whose rows a test holds to bounds.def. A function
that passes its own parameter on as the bound is a reader, too, and its callers are asked. What makes numbers in another way
(a loop over digits, jansson's own functions, a structure of the kernel or of libvirt) stands below, with what bounds it.
  tests/arrows/bounds.py [TREE]"""
import re, sys, pathlib

# Reader → which of its arguments is the most that it takes, from 0.
READERS = {'text_to_int': 3, 'text_to_scaled': 4, 'json_number_scaled': 3, 'number_next': 1, 'domain_state_read_field': 3}
# Tables whose rows say the most, and the test that holds the rows.
TABLES = {
    'scheduler/base/options.c': 'options of the command line: options_test, command_test',
    'scheduler/model/settings.c': 'settings: settings_bounds_test',
    'scheduler/snapshot/files/file_reader.c': 'snapshot and record files: bounds_test',
    'scheduler/snapshot/build/what_if_spec.c': 'what if, of the command line: what_if_test',
}
TABLE_MEMBER = re.compile(r'^\w+->(max|most)( \* \w+->scale)?$')
GOOD = re.compile(r'\b(bound_of\(BOUND_\w+\)|metric_bound\()')
# Files of rooms that do not know the model: what they read is bounded by what it is.
OWN = {
    'scheduler/base/text.c': 'the readers themselves',
    'scheduler/base/options.c': 'a duration of the command line: ten years',
    'scheduler/store/redis/redis_reply.c': 'ports (16 bits), offsets and tokens of Redis: 64 bits, compared and never added to',
    'scheduler/store/redis/redis_url.c': 'a port, a number of a database: redis_url_test',
    'scheduler/store/redis/redis_sentinel.c': 'a port: 16 bits',
    'scheduler/app/setup/setup_host.c': 'a port: 16 bits',
    'scheduler/app/setup/setup_login.c': 'a time, by half of 64 bits: subtracted from ours and shown',
}
# Numbers that are made in another way: file, function → what bounds them.
RAW = re.compile(r'\b(json_integer_value|json_number_value|json_real_value|strto(?:l|ul|ll|ull|d|f|ld|imax|umax)|ato(?:i|l|ll|f)|v?s?f?scanf|'
                 r'json_unpack|json_load[bsf]|virTypedParams?Get\w+)\s*\(|\* 10 \+|\bvalue\.(?:i|ui|l|ul|d)\b')
RAW_BY = {
    ('scheduler/base/text.c', 'text_to_scaled'): 'the reader itself',
    ('scheduler/model/sentence.c', '*'): 'a rounded quotient of our own',
    ('scheduler/model/time_zone.c', 'time_zone_number'): 'four digits, and its caller\'s bounds',
    ('scheduler/decide/whynot/trial.c', 'amount_text'): 'shows numbers', ('collectors/remote/prometheus.c', 'word_for'): 'words of our own table',
    ('scheduler/app/terminal/human.c', '*'): 'shows numbers',
    ('scheduler/snapshot/json/json_reader.c', 'json_reader_open'): 'the reader of JSON: its numbers are json_number_scaled()\'s',
    ('scheduler/snapshot/json/json_reader.c', 'json_number_scaled'): 'the reader itself',
    ('scheduler/snapshot/import/htools_file.c', 'use_number'): 'one number, for json_number_scaled()',
    ('scheduler/store/stored_json.c', '*'): 'the reader itself',
    ('scheduler/app/commands/cmd_top.c', 'top_seconds'): 'of a tree that stored_json() read; shown',
    ('scheduler/app/commands/top_view.c', '*'): 'of a tree that stored_json() read (cmd_top.c); shown',
    ('scheduler/app/state/prediction_json.c', 'prediction_of_json'): 'of a tree that stored_json() read (move_journal.c)',
    ('scheduler/model/instant.c', 'instant_digits'): 'at most four digits', ('scheduler/app/commands/cmd_confirm.c', '*'): 'shown as it stands in the store',
    ('scheduler/app/commands/cmd_plan.c', '*'): 'the plan that was printed just before',
    ('scheduler/app/api/api_exec.c', 'api_exec_call'): 'what a command printed just before', ('scheduler/app/api/api_exec.c', 'api_exec_parsed'): 'what a command printed a moment before', ('scheduler/app/api/api_body.c', '*'): 'less than 1e9', ('scheduler/app/api/api_list.c', '*'): 'compared with each other', ('scheduler/app/api/api_drafts.c', 'api_draft_find'): 'its own text',
    ('scheduler/app/text/plan_difference.c', 'plan_difference'): 'compared as trees', ('scheduler/act/libvirt/domain_speed.c', 'domain_speed_leaves'): 'compared with constants',
    ('scheduler/act/libvirt/domain_state.c', 'domain_state_read_field'): 'the bound is its argument: READERS',
    ('collectors/guests/vms.c', '*'): 'a kind of job: compared with constants', ('collectors/guests/vm_stats.c', 'vm_stats_number_of'): 'BOUND_KERNEL, in vm_stats_bounded(); 32 bits are below it',
    ('collectors/parse/json_pick.c', '*'): 'json_whole(): BOUND_TOOL_NUMBER', ('collectors/parse/redfish_host.c', 'redfish_host_milli'): 'BOUND_TOOL_REAL',
    ('collectors/parse/kmsg_record.c', 'digits_take'): '19 digits; compared alone', ('collectors/parse/prometheus_answer.c', '*'): 'a double, which prometheus_series_add() bounds',
}
# Trees of stored_json() hold no number over BOUND_STORED; a file that reads others, too, is not believed.
STORED, OTHERS = re.compile(r'\bstored_json\('), re.compile(r'\bjson_load[bsf]\(')
INDEX = re.compile(r'^\w+->n_\w+ - 1$')  # of something that was counted before
LOCAL_TABLE = re.compile(r'^\w+\[\w+\](\.\w+)?$')


def functions(text):
    """(name, parameters, where its body begins, its end) of each function of formatted C."""
    for m in re.finditer(r'^(?!#|/|\s|typedef)[^\n;={}]*?\b(\w+)\(([^;{}]*?)\)[^;{}()]*\{ *\n(.*?)^\}', text, re.M | re.S):
        yield m.group(1), [p.strip() for p in m.group(2).split(',')], m.start(3), m.end(3)


def arguments(text, at):
    """Of the call whose '(' stands before `at`."""
    depth, start, out = 1, at, []
    for i in range(at, len(text)):
        c = text[i]
        if c in '([{':
            depth += 1
        elif c in ')]}':
            depth -= 1
        if depth == 0 or (depth == 1 and c == ','):
            out.append(' '.join(text[start:i].split()))
            start = i + 1
        if depth == 0:
            return out
    return out


def clean(text):
    keep = lambda m: ' ' + '\n' * m.group(0).count('\n')
    text = re.sub(r'/\*.*?\*/', keep, text, flags=re.S)
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)


def main():
    tree = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.')
    files = {str(p.relative_to(tree)): clean(p.read_text()) for room in ('scheduler', 'collectors', 'policies') for p in sorted((tree / room).rglob('*.[ch]'))}
    rows = dict(re.findall(r'^(?:SIZE|VALUE)_BOUND\((\w+), ([^,]+),', (tree / 'scheduler/model/bounds.def').read_text(), re.M))
    faults, seen, used, asked = [], set(), set(), set()
    bodies = {f: list(functions(t)) for f, t in files.items() if f.endswith('.c')}
    readers = [(n, k, None) for n, k in READERS.items()]  # a static's callers are in its file
    n_calls, raw_used = 0, set()

    def where(f, at):
        return f'{f}:{files[f].count(chr(10), 0, at) + 1}'

    while readers:
        name, k, only = readers.pop()
        if (name, only) in asked:
            continue
        asked.add((name, only))
        for f, text in files.items():
            if (only and f != only) or f'{name}(' not in text:
                continue
            for m in re.finditer(rf'\b{name}\(', text):
                inside = [b for b in bodies.get(f, []) if b[2] <= m.start() < b[3]]
                if not inside:
                    if f.endswith('.c') and not re.match(r'\w+\([^;{]*\)\s*\{', text[m.start():]):
                        faults.append(f'{where(f, m.start())}: {name}() stands in no function that the script sees')
                    continue  # a declaration, or its own head
                args = arguments(text, m.end())
                most = args[k] if k < len(args) else ''
                n_calls += 1
                seen.update(re.findall(r'BOUND_(\w+)', most))
                own, parameters = inside[0][0], inside[0][1]
                body = text[inside[0][2]:inside[0][3]]
                if GOOD.search(most) or INDEX.match(most) or (LOCAL_TABLE.match(most) and GOOD.search(body)):
                    continue
                if (f, own) in RAW_BY:
                    raw_used.add((f, own))
                    continue
                if f in TABLES and TABLE_MEMBER.match(most):
                    used.add(f)
                    continue
                if f in OWN:
                    used.add(f)
                    continue
                most = re.sub(r'^\(\w+\) ', '', most)
                at = [i for i, p in enumerate(parameters) if re.search(rf'\b(?:u?int64_t|uint32_t|size_t) {re.escape(most)}$', p)]
                if at:
                    static = re.search(rf'^static [^\n;=]*\b{own}\(', text, re.M)
                    readers.append((own, at[0], f if static else None))
                    continue
                faults.append(f'{where(f, m.start())}: {name}(… {most} …): no bound of bounds.def')
    for f, text in files.items():
        for m in RAW.finditer(text):
            inside = [b for b in bodies.get(f, []) if b[2] <= m.start() < b[3]]
            if not inside:
                if f.endswith('.c'):
                    faults.append(f'{where(f, m.start())}: {m.group(0).strip()} stands in no function that the script sees')
                continue
            if m.group(1) in ('json_unpack', 'json_integer_value') and STORED.search(text) and not OTHERS.search(text):
                continue
            key = next((k for k in ((f, inside[0][0]), (f, '*')) if k in RAW_BY), None)
            if key:
                raw_used.add(key)
            else:
                faults.append(f'{where(f, m.start())}: {inside[0][0]}(): {m.group(0).strip()} makes a number that nothing bounds, for all that '
                              'tests/arrows/bounds.py knows')
    faults += [f'tests/arrows/bounds.py: {k} has no such call any more' for k in [*RAW_BY] if k not in raw_used]
    faults += [f'tests/arrows/bounds.py: {f} reads no number any more' for f in {**TABLES, **OWN} if f not in used]
    texts = [*(t for f, t in files.items() if f != 'scheduler/model/limits.h'), (tree / 'tests/unit/bounds_test.c').read_text()]
    words = set(re.findall(r'\w+', ' '.join(texts)))
    faults += [f'scheduler/model/bounds.def: nobody asks for {r}' for r, most in sorted(rows.items())
               if not words & {f'BOUND_{r}', most if most.endswith('_MAX') else ''}]
    if n_calls < 60:
        faults.append(f'only {n_calls} calls are found: the script is blind')
    print('\n'.join(faults) or f'{n_calls} calls read numbers, by {len(asked)} functions: each has its bound')
    return bool(faults)


sys.exit(main())
