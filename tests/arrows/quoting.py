#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Programs print what comes from outside by out_say(), out_lines(), out_json(), json_print() and log_event() alone: these
make it harmless (scheduler/base/text_harmless.h). Anything else that writes to a stream stands below with its reason,
or is a fault. So do log lines whose texts (%s) stand elsewhere than behind a key.
  tests/arrows/quoting.py [TREE]; looks at itself first: a call of each kind is found, and its harmless sister is not"""
import re, sys, pathlib

# file: (calls by name that are left in it, why)
PLAIN = {
    'scheduler/base/out.c': 'is what makes it harmless',
    'scheduler/base/log.c': 'is what makes it harmless',
    'scheduler/base/options.c': "help: a program's own option tables",
    'scheduler/app/terminal/table.c': 'cells went through text_safe() in table_row()',
    'scheduler/app/terminal/wrap.c': 'what out_say() wrote to its stream',
    'scheduler/app/terminal/bar.c': 'block characters and styles of its own',
    'scheduler/app/terminal/file.c': 'a file on standard output as it would be on disk; its writers escape (text_writer_string)',
    'scheduler/app/settings/settings_doc.c': "the manual: a program's own setting tables",
    'scheduler/app/settings/settings_lists.c': 'YAML, escaped in settings_value_print()',
    'scheduler/app/commands/command.c': "help: a command's own texts",
    'scheduler/app/commands/cmd_status.c': 'what cmd_status_show() printed into memory',
    'scheduler/app/commands/cmd_plan.c': 'JSON of text_writer_string()',
    'scheduler/app/commands/cmd_evacuate.c': 'JSON of text_writer_string()',
    'scheduler/app/commands/cmd_move.c': 'JSON of text_writer_string()',
    'scheduler/app/text/frontier_text.c': 'characters of its own for the curve',
    'scheduler/app/text/plan_text.c': 'a style',
    'scheduler/app/commands/top_terminal.c': 'frames that out_say() printed into memory',
    'scheduler/app/text/html_say.c': 'is what makes it harmless, as out.c, and escapes it',
    'scheduler/app/plimsoll_main.c': 'words of its own before the system\'s',
    'collectors/agent/agent_main.c': "help: a program's own tables",
    'scheduler/act/libvirt/moved_domain.c': 'into memory, to be compared; shown by log_event() and out_say()',
}
LOG_TEXTS = {  # a %s of a log line that is not behind '=' or '="', with the words before it
    'key=service.%s': 'a name of the settings\' table',
}
CALL = re.compile(r'(?<![\w.>])(v?f?printf|v?dprintf|fputs|puts|fwrite|putchar|perror|psignal|warnx?|errx?|'
                  r'json_dumpf|json_dump_file|json_dumpfd|writev?)\s*\(')
OWN_WORDS = re.compile(r'\((?:\s*(?:"(?:[^"\\]|\\.)*"|[A-Z][A-Z_0-9]+))+\s*[,)]')  # fputs("…" MACRO, …) and the like


def text_of(path):
    """Without comments, strings kept."""
    return re.sub(r'/\*.*?\*/', lambda m: '\n' * m.group().count('\n'), path.read_text(), flags=re.S)


def calls(text):
    for m in CALL.finditer(text):
        depth, i = 0, m.end() - 1
        for i in range(m.end() - 1, len(text)):  # to the closing bracket; brackets in strings are rare and balance
            depth += {'(': 1, ')': -1}.get(text[i], 0)
            if depth == 0:
                break
        yield m.group(1), text[m.end() - 1:i + 1], text.count('\n', 0, m.start()) + 1


def raw_prints(text):
    for name, arguments, line in calls(text):
        if name in ('write', 'writev'):
            if 'STDOUT' in arguments or 'STDERR' in arguments:
                yield line, name + arguments
            continue
        joined = ' '.join(arguments.split())
        if name in ('fputs', 'puts') and OWN_WORDS.match(joined):
            continue
        if name.endswith('printf'):  # numbers alone cannot carry words
            form = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', joined))
            if form and not re.search(r'%[-+ #0]*(\*|\d+)?(\.(\*|\d+))?s', form):
                continue
        yield line, name + joined


def log_texts(text):
    for m in re.finditer(r'(?<![\w])log_event\s*\(', text):
        depth = 0
        for i in range(m.end() - 1, len(text)):
            depth += {'(': 1, ')': -1}.get(text[i], 0)
            if depth == 0:
                break
        form = ''.join(re.findall(r'"((?:[^"\\]|\\.)*)"', text[m.end() - 1:i]))
        for k in re.finditer(r'(.{0,16})%[-+ #0]*(\*|\d+)?(\.(\*|\d+))?s', form):
            if not k.group(1).endswith(('=', '=\\"')):
                yield text.count('\n', 0, m.start()) + 1, k.group(0)


def look(tree):
    faults, used = [], set()
    for path in sorted(
            list((tree / 'scheduler').rglob('*.c')) + list((tree / 'collectors').rglob('*.c'))):
        name, text = str(path.relative_to(tree)), text_of(path)
        for line, call in raw_prints(text):
            if name in PLAIN:
                used.add(name)
            else:
                faults.append(f'{name}:{line}: {call[:90]}: prints raw; out_say() (scheduler/base/out.h) makes it harmless, '
                              f'json_print() JSON; else a line with its reason in tests/arrows/quoting.py')
        if name == 'scheduler/base/log.c':
            continue
        for line, words in log_texts(text):
            if not any(words.endswith(known) for known in LOG_TEXTS):
                faults.append(f'{name}:{line}: log_event "{words}": a text stands behind key=, so that it is quoted')
    faults += [f'tests/arrows/quoting.py: {name} prints nothing raw any more: take its line out' for name in PLAIN
               if name not in used and name != 'scheduler/base/log.c']
    return faults


def self_test():
    bad = ['(void) fprintf(out, "%s\\n", name);', 'printf("a %-8s", name);', 'fputs(name, stderr);', 'puts(name);',
           'json_dumpf(o, stdout, 0);', 'vfprintf(f, fmt, ap);', 'fwrite(name, 1, n, out);', 'perror(name);',
           'write(STDERR_FILENO, name, n);']
    good = ['fprintf(out, "%u VMs\\n", n);', 'fputs("well\\n", out);', 'snprintf(buf, 8, "%s", name);', 'out_say(out, "%s", name);',
            'write(fd, buf, n);']
    wrong = [c for c in bad if not list(raw_prints(c))] + [c for c in good if list(raw_prints(c))]
    wrong += [c for c in ('log_event(LOG_INFO, "e", "%s", x);', 'log_event(LOG_INFO, "e", "a=b %s c", x);') if not list(log_texts(c))]
    wrong += [c for c in ('log_event(LOG_INFO, "e", "a=%s b=\\"%s\\" n=%u", x, y, 1);',) if list(log_texts(c))]
    return [f'self-test: {c}' for c in wrong]


tree = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else '.')
faults = self_test() + look(tree)
print('\n'.join(faults) or 'all that programs print goes through what makes it harmless')
sys.exit(bool(faults))
