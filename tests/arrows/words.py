#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Words that shall not come back: riddles and odd English that a reader at 3 a.m. stumbles over, with what the trade says instead.

Looked at are string literals of the product (scheduler, collectors, policies; .c, .h and .def: with them help, manual pages and
docs/settings.md), README.md, docs/*.md, the strings of the dashboard (scheduler/app/page), and the descriptions in docs/schemas. Comments are not. Before anything
else each pattern is planted, in a literal, a document, a module and a schema,
and has to be found there, and in no comment.

To add one: a row of WORDS. What there still is of some is counted in STILL; who takes one away lowers the number.
"""
import json
import os
import re
import sys

# pattern, a text it must find, what to write instead
WORDS = [
    (r'\b(than|after|for|over|at most|in) so (many|long|much|often)\b(?! as\b)', 'not asked for so long',
     'this many, this time, N: the number or its setting'),
    (r'\bso (many|much|long) (hosts?|VMs?|moves?|times|places|of)\b', 'so many hosts', 'this many, N'),
    (r'\b[Nn]obody\b', 'nobody moves its VMs', 'no service, no one; or the passive: "not known"'),
    (r'\b[Ww]hoever\b', 'whoever leads', 'the leader, the operator: who it is'),
    (r'\b(gains?|gained) nothing alone\b', 'gains nothing alone', 'no benefit on its own'),
    (r'\bmend(s|ed|ing)?\b', 'mend its clock', 'repair, fix, correct'),
    (r'\b(is|was|are|were) said twice\b', 'is said twice', 'is given twice'),
    (r'\b(is|was|are|were|not) spoken\b', 'Sentinel is not spoken', 'supported'),
    (r'\bno such (word|field|setting|option)\b', 'a rule has no such word', "unknown field 'x' in a rule"),
    (r'\bthere is no (setting|option|host|VM|rule|file|command|such|cluster|plan|entry)\b', 'there is no host h9',
     'host h9 not found; unknown option'),
    (r'\bmembers? works?\b', '2 of 3 members work', 'members active'),
    (r'\bworth its price\b', 'worth its price', 'worth its cost'),
    (r'\btakes VMs again\b', 'h2 takes VMs again', 'is back in service'),
    (r'\bwaits? for a person\b', 'no plan waits for a person', 'awaits confirmation, waits for an operator'),
    (r'\banew\b', 'it is asked anew', 'again; a new one'),
    (r'\blately\b', 'was moved lately', 'recently'),
    (r'\b(be|is|was|are|not) tried again\b', 'is not tried again', 'retried'),
    (r'\bto be done:', 'to be done: plimsoll host admit', 'what to do: the command, with what it does'),
    (r'\b[Nn]eighbourhoods?\b', 'a neighbourhood', 'neighborhood (US spelling)'),
    (r'\bconcerns? all\b', 'concerns all VMs of the host', 'affects every VM on this host'),
    (r'\b(is|are) no (number|YAML|JSON|label|list|word|link|object|vector|name|plain|time zone)\b', 'is no JSON', 'is not a number, not JSON'),
    (r'\bno whole number\b', 'no whole number', 'not a whole number'),
    (r'\b(is|are) not there\b', 'its network is not there', 'not found, missing'),
    (r'\bdiffer from the default;', '0 differ from the default;', 'settings OK: …'),
    (r'\bwhat there is, and how\b', 'what there is, and how to use it', 'list commands, or show help for one'),
    (r'\b[Ss]ay where the facts\b', 'say where the facts come from', 'No source given. Use --from FILE, …'),
    (r'\bkeeps? of its own\b', 'what the service keeps of its own', "directory for the service's own data"),
    (r'\bin all that is not said\b', 'in all that is not said', 'copy everything not given here'),
    (r'\bwhat ends it\b', 'and what ends it', 'what the limit is; how to end it'),
    (r'\bis not what is now\b', 'a file is not what is now', 'may be out of date'),
    (r'\bLeast rights\b', 'Least rights of an account', 'Minimum ACL for an account'),
    (r'\bNeither side is ended\b', 'Neither side is ended by Plimsoll', 'Plimsoll never destroys either side'),
    (r'\b(is|are) no ground\b', 'fewer are no ground', 'not enough to judge'),
    (r'\bwants something\b', 'an operator wants something', 'made a request'),
    (r'\bthe way (takes|has)\b', 'the way takes 11 MiB/s', 'the path carries'),
    (r'\bis as they were\b|\bas of then\b', 'its VMs is as they were', 'last known'),
    (r'\banybody may\b', 'anybody may write it', 'it is world-writable'),
    (r'\bover its bounds?\b', 'over its bound', 'out of bounds'),
    (r'\basked for\b', 'the losses asked for', 'requested, given; what the option is'),
    (r'\btakes? no part\b', 'the host takes no part', 'is excluded'),
    (r'\baccepted (is|are) (?!(by|as|with|only|in|and|when|if|where|until|again|carried)\b)', 'accepted is a name', 'accepted: a name'),
    (r'\bto be said\b', 'what is to be said', 'notes'),
    (r'\b(is|are) there already\b', 'is there already', 'already exists'),
    (r'\b(BMC|controller|pool|disk|libvirt|tool|kernel) says\b', 'its BMC says', 'reports'),
    (r'\bas last known\b', 'its VMs are as last known', 'last seen N s ago'),
    (r'\bbetter for\b', 'better for 3 min', 'good for'),
    (r'\bwhat is (said|told) of\b', 'what is said of it', 'it reports'),
    (r'\blacks? its\b', 'a move lacks its vm', 'vm is missing in a move'),
    (r'\bin the list twice\b', 'is in the list twice', 'is listed twice'),
    (r'\bno [A-Za-z]+ is named\b', 'no host is named h9', 'host h9 not found'),
]

# What is left of a pattern, in literals, in documents and in schemas: this many rows at most, and no more come. A pattern that is not here has none.
STILL = {
    '\\b[Nn]obody\\b': (0, 39, 0),
    '\\b[Ww]hoever\\b': (0, 14, 0),
    '\\banew\\b': (0, 19, 0),
    '\\btakes? no part\\b': (0, 6, 0),
    '\\bwhat ends it\\b': (0, 3, 0),
    '\\b(BMC|controller|pool|disk|libvirt|tool|kernel) says\\b': (1, 5, 0),
    '\\basked for\\b': (1, 12, 0),
    '\\bwaits? for a person\\b': (0, 2, 0),
    '\\b(is|are) no (number|YAML|JSON|label|list|word|link|object|vector|name|plain|time zone)\\b': (0, 4, 0),
    '\\bworth its price\\b': (0, 2, 0),
    '\\baccepted (is|are) (?!(by|as|with|only|in|and|when|if|where|until|again|carried)\\b)': (2, 2, 0),
    '\\bthe way (takes|has)\\b': (0, 1, 0),
    '\\blately\\b': (0, 4, 0),
    '\\b(be|is|was|are|not) tried again\\b': (0, 6, 0),
    '\\banybody may\\b': (0, 1, 0),
}


def literals_of(text):
    """(line, text) of each string literal, neighbors joined; comments are not looked at."""
    text = re.sub(r'/\*.*?\*/', lambda m: re.sub(r'[^\n]', ' ', m[0]), text, flags=re.S)
    run = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*\\?\n?\s*"(?:[^"\\\n]|\\.)*")*')
    for m in run.finditer(text):
        start = text.rfind('\n', 0, m.start()) + 1
        if not text[start:m.start()].lstrip().startswith('#include'):
            yield text.count('\n', 0, m.start()) + 1, ''.join(re.findall(r'"((?:[^"\\\n]|\\.)*)"', m[0])).replace('\\n', ' ')


def lines_of(text):
    """(line, text) of each line of a document, and of each two that follow each other: a phrase may be broken."""
    lines = text.split('\n')
    for n, line in enumerate(lines, 1):
        yield n, line if n == len(lines) else line + ' ' + lines[n].lstrip()[:40]


def descriptions_of(text):
    """(line, text) of each description of a JSON Schema."""
    for n, line in enumerate(text.split('\n'), 1):
        for m in re.finditer(r'"(?:description|title)":\s*("(?:[^"\\]|\\.)*")', line):
            yield n, json.loads(m[1])


def scripts_of(text):
    """(line, text) of each string of the dashboard's modules that a person reads; comments are not looked at."""
    text = re.sub(r'/\*.*?\*/|(?m:^\s*//.*$)', lambda m: re.sub(r'[^\n]', ' ', m[0]), text, flags=re.S)
    for m in re.finditer(r"'((?:[^'\\\n]|\\.)*)'|`([^`]*)`|\"((?:[^\"\\\n]|\\.)*)\"", text):
        yield text.count('\n', 0, m.start()) + 1, next(g for g in m.groups() if g is not None)


def kind_of(path):
    """Of which number in STILL a file is."""
    return 1 if path.endswith('.md') else 2 if path.endswith('.json') else 0


def found_in(path, text):
    """(line, text, row of WORDS) of each that is there."""
    parts = (scripts_of if path.endswith('.js') else (literals_of, lines_of, descriptions_of)[kind_of(path)])(text)
    for n, part in parts:
        for row in WORDS:
            if re.search(row[0], part):
                yield n, part, row


def planted():
    """Each pattern finds its own text, in a literal that is broken in two and in a document that breaks its line there."""
    for row in WORDS:
        half = row[1].rfind(' ') + 1 or 1
        for path, text in (('a.c', 'f(x, "a b %%s: %s"\n          "%s");\n' % (row[1][:half], row[1][half:])),
                           ('a.md', 'One line.\nAnd %s.\n' % row[1].replace(' ', '\n', 1)),
                           ('a.js', "h('p', null, '%s');\n" % row[1].replace("'", "\\\\'")),
                           ('a.json', '{"description": "%s"}\n' % row[1])):
            if not any(r is row for _, _, r in found_in(path, text)):
                yield '%s: "%s" is not found in %s' % (row[0], row[1], path)
        if any(r is row for _, _, r in found_in('a.c', '/* %s */ int x;\n' % row[1])):
            yield '%s: found in a comment' % row[0]


def files():
    yield 'README.md'
    for name in sorted(os.listdir('docs')):
        if name.endswith('.md'):
            yield 'docs/' + name
    for name in sorted(os.listdir('docs/schemas')):
        yield 'docs/schemas/' + name
    for top in ('collectors', 'policies', 'scheduler'):
        for folder, _, names in sorted(os.walk(top)):
            for name in sorted(names):
                if name.endswith(('.c', '.h', '.def', '.js')):
                    yield os.path.join(folder, name)


def main():
    wrong = list(planted())
    left = {}
    for path in files():
        before = set()
        for n, part, row in found_in(path, open(path, encoding='utf-8').read()):
            if (row[0], n - 1) not in before:  # a line of a document is looked at with the next
                left.setdefault((row[0], kind_of(path)), []).append(
                    '%s:%d: "%s": write %s' % (path, n, re.search(row[0], part)[0], row[2]))
            before.add((row[0], n))
    for (pattern, kind), places in sorted(left.items()):
        most = STILL.get(pattern, (0, 0, 0))[kind]
        if len(places) > most:
            wrong += places + ['(%d of these in %s; at most %d)' % (len(places), ('literals', 'documents', 'schemas')[kind], most)]
    for line in wrong:
        print(line)
    return 1 if wrong else 0


if __name__ == '__main__':
    sys.exit(main())
