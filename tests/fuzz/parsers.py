#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The parsers: every public function of the rooms below that takes bytes or a tree that came from outside. Each is called by
a fuzzer (tests/fuzz/fuzz_*.c), or stands here with who covers it; one that is neither fails the test of this name.
  tests/fuzz/parsers.py [TREE]          what is not fuzzed
  tests/fuzz/parsers.py --files [TREE]  the parsers' source files, for tests/fuzz/coverage"""
import re, sys, pathlib

ROOMS = ['collectors/parse', 'collectors/hosts', 'collectors/remote', 'scheduler/snapshot/json', 'scheduler/snapshot/wire', 'scheduler/snapshot/files',
         'scheduler/snapshot/import', 'scheduler/snapshot/health', 'scheduler/store/redis', 'scheduler/app/state', 'scheduler/app/facts', 'scheduler/app/round',
         'scheduler/app/settings', 'scheduler/app/setup', 'scheduler/app/service', 'scheduler/app/commands', 'scheduler/act/libvirt', 'scheduler/model', 'scheduler/store', 'scheduler/store/admin']
# Bytes with their length, a jansson value, a reply of hiredis, or a name that says so.
TAKES = re.compile(r'const char \*\w+,\s*size_t n\b|json_t \*|redisReply \*|const unsigned char \*\w+, size_t|const void \*\w+, size_t')
NAMED = re.compile(r'\b\w+_(parse|read_text)\(')
GIVES = re.compile(r'(^DEFINE_OWNED|_(print|put|make|add|take|begin|json|escape|set|store|append|wrapped|lead|of_socket|span|columns|quote|find|is|grade)\w*)$')
BY = {  # not called by a fuzzer itself: who calls it there, or why it need not be
    'json_document': 'fuzz_smartctl, fuzz_redfish and others by the parsers that use it',
    'json_at': 'by the parsers of JSON', 'json_whole': 'by the parsers of JSON', 'json_whole_at': 'by the parsers of JSON',
    'json_text_at': 'by the parsers of JSON', 'instant_parse': 'by fuzz_snapshot_file', 'snapshot_file_parse_noting': 'by snapshot_file_parse()', 'json_number_scaled': 'by fuzz_snapshot_file and all readers of JSON',
    'json_reader_open': 'by fuzz_snapshot_file and all readers of JSON',
    'xml_open': 'by fuzz_domain_xml, fuzz_host_xml', 'domain_metadata_parse': 'by domain_xml_parse() in fuzz_domain_xml',
    'redfish_controller': 'by redfish_walk() in fuzz_redfish', 'redfish_thermal': 'by redfish_walk() in fuzz_redfish', 'redfish_power': 'by redfish_walk() in fuzz_redfish',
    'redfish_fan': 'by redfish_walk() in fuzz_redfish', 'redfish_supply': 'by redfish_walk() in fuzz_redfish', 'redfish_system': 'by redfish_walk() in fuzz_redfish',
    'redfish_coarse': 'by redfish_walk() in fuzz_redfish', 'redfish_links': 'by redfish_walk() in fuzz_redfish', 'redfish_drive': 'by redfish_walk() in fuzz_redfish',
    'redfish_hpe_drive': 'by redfish_walk() in fuzz_redfish', 'redfish_hpe_volume': 'by redfish_walk() in fuzz_redfish',
    'ssacli_brief_parse': 'by ssacli_parse() in fuzz_ssacli',
    'redfish_volume': 'by redfish_walk() in fuzz_redfish', 'redfish_drive_works': 'by redfish_walk() in fuzz_redfish', 'redfish_health': 'by redfish_walk() in fuzz_redfish',
    'redfish_text': 'by redfish_walk() in fuzz_redfish', 'redfish_id': 'by redfish_walk() in fuzz_redfish', 'redfish_unread': 'by redfish_walk() in fuzz_redfish',
    'smart_ata_wear': 'by smart_facts_parse() in fuzz_smartctl',
    'storcli_response': 'by storcli_parse() in fuzz_storcli', 'storcli_controllers': 'by storcli_parse() in fuzz_storcli', 'storcli_number': 'by storcli_parse() in fuzz_storcli',
    'storcli_data': 'by storcli_parse() in fuzz_storcli', 'storcli_text': 'by storcli_parse() in fuzz_storcli', 'storcli_drives_listed': 'by storcli_parse() in fuzz_storcli',
    'storcli_topology_check': 'by storcli_parse() in fuzz_storcli',
    'zfs_count': 'by zpool_text_parse() in fuzz_zpool',
    'settings_file_apply': 'settings_file_read() with one fault, in fuzz_settings_file',
    'yaml_reader_open': 'by fuzz_settings_file',
    'redis_receive': 'hands over what hiredis read; what is made of it is fuzz_redis_reply\'s', 'redis_call': 'as redis_receive',
    'redis_tls_write': 'writes our own bytes; what comes over TLS is GnuTLS\' to parse',
    'host_labels_parse': 'words of the command line', 'setting_parse': 'by settings_file_read() in fuzz_settings_file',
    'metric_by_name': 'by report_parse() in fuzz_sample_wire',
    'htools_rows': 'by htools_parse() in fuzz_htools_file',
    'store_read_text': 'asks; whoever calls it has a parser for the bytes', 'store_log_fault': 'writes', 'store_keep_loads': 'writes', 'top_terminal_draw': 'writes a frame of our own', 'top_move_pick': 'trees that stored_json() read of our own commands (cmd_top.c)', 'top_move_text': 'as top_move_pick', 'store_journal': 'writes', 'store_journal_intent': 'writes',
}
# Functions that open bytes of others: each that calls one of these is itself public, and so among the parsers, or stands below.
OPENS = re.compile(r'\b(stored_json|json_load[bsf]|json_document|json_reader_open|xml_open|yaml_reader_open|xmlReadMemory)\(')
NOT_OTHERS = {  # what opens bytes, and need not be a parser: why
    'remote_read_plan': 'a file that plan_file_parse() has taken just before', 'stored_json': 'the opener itself', 'json_document': 'the opener itself', 'json_reader_open': 'the opener itself', 'xml_open': 'the opener itself',
    'use_number': 'one word, by htools_parse() in fuzz_htools_file', 'answer_error': 'by prometheus_answer() in its fuzzer', 'answer_series': 'by prometheus_answer() in its fuzzer',
    'cmd_plan_print_json': 'what was printed just before', 'top_read': 'what status --json printed just before', 'top_plan': 'what confirm --json printed just before', 'top_next_move': 'what journal --json printed just before',
    'cmd_confirm_one_json': 'json_take_raw() of waiting_text.c, shown as it is',
    'part_take': 'by storcli_parse() in fuzz_storcli', 'redfish_get': 'one page, whose tree redfish_walk() takes: fuzz_redfish',
    'export_parse_line': 'by export_file_parse() in fuzz_export_file',
    'settings_list_add': 'a word of the command line, by the reader of settings files',
}
# Source files that only print, or hold tables: they parse nothing.
NO_PARSER = re.compile(r'(_print|text_writer|_table|metric|word_list|redundancy|stall|unread|state_words)\w*\.c$')


def declarations(tree):
    for room in ROOMS:
        for header in sorted((tree / room).glob('*.h')):
            text = re.sub(r'/\*.*?\*/', ' ', header.read_text(), flags=re.S)
            text = re.sub(r'^\s*#.*$|//.*', '', text, flags=re.M)
            for m in re.finditer(r'(?:^|[;}])\s*(?!typedef|static|extern)[\w\s\*]+?\b(\w+)\(([^;{}]*)\)\s*(?:must_check|printf_like\([^)]*\)|\s)*;', text, re.M):
                yield header, m.group(1), ' '.join(m.group(2).split())


def parsers(tree):
    for header, name, arguments in declarations(tree):
        if (TAKES.search(arguments) or NAMED.search(name + '(')) and not GIVES.search(name):
            yield header, name


def openers(tree):
    """(file, name) of each function that opens bytes of others."""
    for room in ROOMS + ['collectors', 'policies']:
        for source in sorted((tree / room).rglob('*.c') if room in ('collectors', 'policies') else (tree / room).glob('*.c')):
            text = re.sub(r'/\*.*?\*/', ' ', source.read_text(), flags=re.S)
            for m in re.finditer(r'^(?!#|/|\s|typedef)[^\n;={}]*?\b(\w+)\([^;{}]*?\)[^;{}()]*\{ *\n(.*?)^\}', text, re.M | re.S):
                if OPENS.search(m.group(2)):
                    yield source, m.group(1)


def main():
    words = [a for a in sys.argv[1:] if not a.startswith('--')]
    tree = pathlib.Path(words[0] if words else '.')
    fuzzers = {p.stem: p.read_text() for p in (tree / 'tests/fuzz').glob('fuzz_*.c')}
    fuzzed = {name for text in fuzzers.values() for name in re.findall(r'\b(\w+)\(', text)}
    found = list(parsers(tree))
    if '--files' in sys.argv:
        files = {str(h.with_suffix('.c').relative_to(tree)) for h, _ in found if h.with_suffix('.c').exists()}
        files |= {str(p.relative_to(tree)) for p in (tree / 'collectors/parse').glob('*.c')}
        print('\n'.join(sorted(f for f in files if not NO_PARSER.search(f))))
        return 0
    faults = []
    for header, name in found:
        if name not in fuzzed and name not in BY:
            faults.append(f'{header.relative_to(tree)}: {name}() takes what comes from outside: a fuzzer calls it (tests/fuzz/fuzz_*.c), or a line with '
                          'its reason stands in tests/fuzz/parsers.py')
    known = {name for _, name in found}
    open_them = sorted(set(openers(tree)))
    faults += [f'{source.relative_to(tree)}: {name}() opens what comes from outside, and no header of a parser has it: make it a parser of its own'
               for source, name in open_them if name not in known and name not in NOT_OTHERS and name not in fuzzed]
    faults += [f'tests/fuzz/parsers.py: {name} opens nothing any more' for name in NOT_OTHERS if name not in {n for _, n in open_them} | {'stored_json', 'json_document'}]
    if len(open_them) < 25:
        faults.append(f'only {len(open_them)} functions that open bytes are found: the script is blind')
    faults += [f'tests/fuzz/parsers.py: {name} is no such function any more' for name in BY if name not in known]
    for name in fuzzers:
        corpus = tree / 'tests/fuzz/corpus' / name.removeprefix('fuzz_')
        if not corpus.is_dir() or not any(corpus.iterdir()):
            faults.append(f'tests/fuzz/{name}.c has no corpus')
    if len(found) < 60:
        faults.append(f'only {len(found)} parsers are found: the script is blind')
    print('\n'.join(faults) or f'{len(found)} parsers, {len(fuzzers)} fuzzers: all have one')
    return bool(faults)


sys.exit(main())
