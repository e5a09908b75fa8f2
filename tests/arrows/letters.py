#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The letters of HACKING.md's table mean one thing: as a parameter each has one type in scheduler/, collectors/ and
policies/, and there are eight of them at most.

usage: tests/arrows/letters.py [TREE] [--rename]
  --rename   gives every other parameter of such a letter a word, made of its type, in its function and prototypes; then
             clang-format-14 -i. A branch that began before a letter was listed: run it there, commit, then rebase.
"""
import argparse
import collections
import os
import re
import subprocess
import sys

ROOMS = ('scheduler', 'collectors', 'policies')
LETTERS_MOST = 8
PAIRS = {'a': 'b', 'x': 'y'}  # two of one type: what is compared
QUIET = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', re.S | re.M)
PARAMETER = re.compile(r'^(\s*.*?[\s*])([a-z]+)(\[[^\]]*\])?\s*$', re.S)
BRACKET = re.compile(r'[{(]')
AFTER = re.compile(r'\s*(?:[a-z_]+(?:\([^()]*\))?\s*)*')
NAME = re.compile(r'(\w+)\s*$')
NUMBERS = set('int unsigned char bool double long size_t ssize_t usec_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t '
              '__int128 HostIx VmIx'.split())
WORDS = {('a', 'char'): 'text', ('a', 'void'): 'object', ('a', 'xmlNode'): 'node', ('e', 'ExplainPlan'): 'explained',
         ('e', 'ExplainVm'): 'explained', ('e', 'int'): 'error', ('e', 'json_t'): 'entry', ('e', 'void'): 'entry',
         ('h', 'VmHistory'): 'history', ('h', 'void'): 'handle', ('p', 'char'): 'text', ('p', 'json_t'): 'object',
         ('p', 'pollfd'): 'socket', ('p', 'uint8_t'): 'bytes', ('p', 'unsigned char'): 'bytes', ('p', 'virDomainPtr'): 'domain', ('p', 'void'): 'at',
         ('v', 'json_t'): 'value', ('v', 'uint32_t'): 'vm', ('x', 'doubles'): 'point', ('h', 'uint32_t'): 'host', ('v', 'void'): 'value'}


def letters_listed():
    """{letter: type} of the table under "## Letters": | `a` | an `Arena`: … |"""
    text = open('HACKING.md', encoding='utf-8').read()
    part = re.search(r'^## Letters$(.*?)^## ', text, re.S | re.M)
    return dict(re.findall(r'^\| `([a-z])` \|[^`|]*`(\w+)`', part.group(1) if part else '', re.M))


def quieted(text):
    """Comments, texts and directives as blanks: what is left is code, at the same places."""
    return QUIET.sub(lambda m: re.sub(r'[^\n]', ' ', m.group(0)), text)


def closing(code, at, opens, closes):
    """Past what closes the bracket right before `at`."""
    depth = 1
    for m in re.compile('[%s]' % re.escape(opens + closes)).finditer(code, at):
        depth += 1 if m.group() == opens else -1
        if not depth:
            return m.end()
    return len(code)


def declarators(code):
    """Of each function at file scope: where its parameters begin and end, and where it ends."""
    at = 0
    while m := BRACKET.search(code, at):
        if m.group() == '{':
            at = closing(code, m.end(), '{', '}')
            continue
        begin = m.end()
        at = end = closing(code, begin, '(', ')')
        after = AFTER.match(code, end).end()
        name = NAME.search(code, max(0, begin - 80), begin - 1)
        if name and name.group(1) not in ('printf_like', 'static_assert') and after < len(code):
            if code[after] == '{':
                at = closing(code, after + 1, '{', '}')
                yield begin, end - 1, at
            elif code[after] == ';':
                yield begin, end - 1, end


def parameters(text):
    """(name, type without const, struct and *) of each."""
    depth, begin = 0, 0
    for at, c in enumerate(text + ','):
        depth += (c in '([{') - (c in ')]}')
        if c == ',' and depth == 0:
            m = PARAMETER.match(text[begin:at])
            if m:
                kind = ' '.join(w for w in m.group(1).replace('*', ' ').split() if w not in ('const', 'struct'))
                yield m.group(2), 'doubles' if kind == 'double' and '*' in m.group(1) else kind
            begin = at + 1


def word_for(letter, kind, taken):
    snake = re.sub(r'(?<=[a-z0-9])(?=[A-Z])', '_', kind).lower()
    snake = re.sub(r'_(t|ptr)$', '', snake).replace(' ', '_')
    words = [WORDS.get((letter, kind))]
    words += ['value', 'number', 'amount'] if kind.split()[-1] in NUMBERS else [snake.split('_')[-1], snake, snake.split('_')[0]]
    return next(w for w in words + ['the_' + letter, 'given_' + letter] if w and w not in taken)


def in_comment(text, code, begin, new):
    """The same in the comment right above; "a" and "e" there are words of English and units more often than not."""
    head = code.rfind('\n', 0, max(code.rfind(c, 0, begin) for c in ';}')) + 1
    above = None
    for above in re.finditer(r'/\*(?:(?!\*/).)*\*/\n(?=[A-Za-z])', text[head:begin], re.S):
        pass
    if not above or '\n\n' in text[head + above.end():begin] or ';' in code[head + above.end():begin]:
        return []
    return [(head + above.start() + m.start(), new[m.group(0)])
            for m in re.finditer(r"(?<![\w'.-])[hpvx](?![\w'])", above.group(0)) if m.group(0) in new]


def renamed(text, letters):
    code = quieted(text)
    edits = []
    for begin, end, whole in declarators(code):
        of = dict(parameters(code[begin:end]))
        taken = set(re.findall(r'(?<![.\w])(?<!->)[A-Za-z_]\w*', code[begin:whole])) | {'default', 'register', 'union'}
        new = {}
        for letter, kind in of.items():
            if letter not in letters or kind == letters[letter]:
                continue
            mate = PAIRS.get(letter)
            if mate and of.get(mate) == kind != 'doubles':
                free = [p for p in (('left', 'right'), ('first', 'second')) if not taken & set(p)]
                new[letter], new[mate] = free[0] if free else (word_for(letter, kind, taken), mate)
            elif letter not in new:
                new[letter] = word_for(letter, kind, taken)
            taken |= set(new.values())
        if new:
            edits += in_comment(text, code, begin, new)
        for m in re.finditer(r'(?<![\w.])(?<!->)([a-z])(?!\w)', code[begin:whole]):
            if m.group(1) in new and not code[begin:begin + m.start()].rstrip().endswith(('.', '->')):
                edits.append((begin + m.start(), new[m.group(1)]))
    for at, word in sorted(edits, reverse=True):
        text = text[:at] + word + text[at + 1:]
    return text


def sources():
    for room in ROOMS:
        for folder, _, names in os.walk(room):
            yield from (os.path.join(folder, n) for n in sorted(names) if n.endswith(('.c', '.h')))


def rename(letters):
    changed = []
    for path in sources():
        text = open(path, encoding='utf-8').read()
        new = renamed(text, letters)
        if new != text:
            open(path, 'w', encoding='utf-8').write(new)
            changed.append(path)
    for i in range(0, len(changed), 50):
        subprocess.run(['clang-format-14', '-i'] + changed[i:i + 50], check=True)
    print(f'{len(changed)} files changed')
    return 0


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument('tree', nargs='?', default='.')
    args.add_argument('--rename', action='store_true')
    args = args.parse_args()
    os.chdir(args.tree)
    letters = letters_listed()
    if not 0 < len(letters) <= LETTERS_MOST:
        print(f'HACKING.md lists {len(letters)} letters; a reader keeps {LETTERS_MOST} in mind at most')
        return 1
    if args.rename:
        return rename(letters)
    count = collections.Counter()
    bad = 0
    for path in sources():
        code = quieted(open(path, encoding='utf-8').read())
        for begin, end, _ in declarators(code):
            for letter, kind in parameters(code[begin:end]):
                count[letter] += 1
                if letter in letters and kind != letters[letter]:
                    line = code.count('\n', 0, begin) + 1
                    print(f'{path}:{line}: {letter} is a {kind} here, and by HACKING.md a {letters[letter]}: give it a '
                          'word, or run tests/arrows/letters.py --rename')
                    bad += 1
    for letter in letters:
        if count[letter] < 20:
            print(f'{letter} is a parameter {count[letter]} times: too seldom for a letter')
            bad += 1
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
