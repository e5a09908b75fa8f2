#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A function that a comment names, as "name()", is there: in this tree, or in OTHERS with whose it is.
  tests/arrows/mentions.py [TREE]; looks at itself first: a name that is nowhere is found"""
import os, re, subprocess, sys

ROOMS = ('scheduler', 'collectors', 'policies', 'tests')
OTHERS = {
    'qemuMigrationSrcIsAllowed': 'libvirt, src/qemu/qemu_migration.c',
    'migration_iteration_run': 'QEMU, migration/migration.c',
    'ram_save_pending': 'QEMU, migration/ram.c',
    'json_dumpf': 'jansson',
    'tostring': 'Lua',
}
COMMENT = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)


def missing(texts):
    """(file, line, name) of each that is named and nowhere."""
    known = set(OTHERS)
    for text in texts.values():
        known |= set(re.findall(r'\b[A-Za-z_]\w*', COMMENT.sub(' ', text)))
    for path, text in texts.items():
        for comment in re.finditer(r'/\*.*?\*/', text, re.S):
            for m in re.finditer(r'\b([A-Za-z_]\w*)\(\)', comment.group()):
                if m.group(1) not in known:
                    yield path, text.count('\n', 0, comment.start() + m.start()) + 1, m.group(1)


def main():
    found = list(missing({'a.h': '/* As there_is(), unlike there_was(). */\nint there_is(void);\n'}))
    if found != [('a.h', 1, 'there_was')]:
        print(f'it does not see what it looks for: {found}')
        return 1
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else '.')
    names = subprocess.run(['git', 'ls-files', '-z', '--cached', '--others', '--exclude-standard', *ROOMS],
                           stdout=subprocess.PIPE, check=True).stdout.decode().split('\0')
    texts = {n: open(n, encoding='utf-8').read() for n in names if n.endswith(('.c', '.h', '.def')) and os.path.exists(n)}
    bad = 0
    for path, line, name in missing(texts):
        print(f'{path}:{line}: there is no {name}(): name what there is, or in OTHERS whose it is')
        bad = 1
    return bad


if __name__ == '__main__':
    sys.exit(main())
