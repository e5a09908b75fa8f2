#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Each query of a Grafana dashboard, asked of a Prometheus, against what the commands print with --json at that instant.
  dashboard_numbers.py DASHBOARD PROMETHEUS-URL CLUSTER SECONDS METRICS-URL PLIMSOLL [OPTION…]
Tries until all agree within one look, for SECONDS at most; then says which do not. A panel without a row here is an error, too."""
import json
import math
import re
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from datetime import datetime

DASHBOARD, PROMETHEUS, CLUSTER, SECONDS, METRICS, *PLIMSOLL = sys.argv[1:]
NONE = object()  # no series is right
CLOSE = 6  # seconds that pass between a scrape and a look


def fetch(url):
    with urllib.request.urlopen(url, timeout=20) as answer:
        return answer.read()


def command(*words):
    done = subprocess.run([PLIMSOLL[0], *words, '--json', *PLIMSOLL[1:]], capture_output=True, check=False)
    return json.loads(done.stdout)


def instant(text):
    return datetime.fromisoformat(text.replace('Z', '+00:00')).timestamp()


def query(expr):
    """Labels but `cluster` and what is the scrape's → value."""
    expr = expr.replace('$cluster', CLUSTER).replace('$__rate_interval', '1m').replace('$__range', '1h')
    assert '$' not in expr, expr
    data = json.loads(fetch(f'{PROMETHEUS}/api/v1/query?' + urllib.parse.urlencode({'query': expr})))
    assert data['status'] == 'success', data
    beside = ('cluster', 'instance', 'job', '__name__')
    return {tuple(v for k, v in sorted(s['metric'].items()) if k not in beside): float(s['value'][1]) for s in data['data']['result']}


class Truth:
    """What the commands say; of numbers that no command has, what /metrics says, counted here."""

    def __init__(self):
        self.status = command('status', '--all')
        self.hosts = self.status['hosts']
        self.service = self.status['service']
        self.plan = command('plan')
        self.waiting = [p for p in command('confirm')['plans'] if p['state'] == 'asked' and not p['answer']]
        self.page = {}
        for line in fetch(METRICS).decode().splitlines():
            m = re.match(r'(\w+)(?:\{(.*)\})? (\S+)$', line)
            if m:
                labels = dict(re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', m[2] or ''))
                self.page.setdefault(m[1], []).append((labels, float(m[3])))

    def one(self, name, **want):
        found = [v for labels, v in self.page.get(name, []) if all(labels.get(k) == w for k, w in want.items())]
        return sum(found) if found else NONE

    def count(self, test):
        return sum(1 for h in self.hosts if test(h))

    def moves(self, results):
        ends = {'done': 'done', 'failed': 'failed', 'aborted': 'aborted', 'refused': 'refused', 'unclear': 'unclear'}
        return {(r,): sum(1 for m in self.status['recent'] if ends.get(m['end']) == r) for r in results}

    def used(self, member):
        return {(h['name'], r): h[f'{r}_{member}'] for h in self.hosts for r in ('cpu', 'memory') if h[f'{r}_{member}'] is not None}

    def mean(self, name):
        n = self.one(name + '_count')
        return NONE if n in (0, NONE) else {(): self.one(name + '_sum') / n}

    def done(self):
        return [m for m in self.status['recent'] if m['end'] == 'done' and m['predicted_seconds']]


def scalar(value):
    return NONE if value is NONE else {(): value}


def plausible(low, high, least=1):
    return lambda found: len(found) >= least and all(low <= v <= high for v in found.values() if not math.isnan(v)) or \
        f'expected {least} or more values of {low} to {high}'


def as_predicted(t):
    """The mean of measured over predicted, of the migrations that `recent` has."""
    ratios = [m['seconds'] / m['predicted_seconds'] for m in t.done()]
    return ({(): sum(ratios) / len(ratios)}, 0.01 * max(ratios)) if ratios else NONE


KINDS = ('evacuation', 'repair', 'maintenance', 'load', 'balance', 'manual')
STATES = {'silent': lambda t: t.status['not_known'], 'failing': lambda t: t.status['failing'],
          'maintenance': lambda t: t.count(lambda h: h['state'] == 'maintenance'), 'cordoned': lambda t: t.count(lambda h: h['state'] == 'cordoned'),
          'offline': lambda t: t.count(lambda h: h['state'] == 'offline'), 'held': lambda t: len(t.status['held'])}
leaves = lambda h: h['state'] == 'maintenance' or h['fault_grade'] >= 3  # noqa: E731
# Title and query → what is right: {labels: value}, perhaps with how far it may be off; NONE; or a check of what was found.
RIGHT = {
    ('Status', 'A'): lambda t: {(t.service['plan_status'],): 1},
    ('Leaders', 'A'): lambda t: scalar(int(t.status['leading'])),
    ('Hosts', 'A'): lambda t: {('all',): len(t.hosts)},
    ('VMs', 'A'): lambda t: {('all',): t.status['vm_count']},
    ('Above the load line', 'A'): lambda t: scalar(t.count(lambda h: h['above_load_line'] and not h['fenced'])),
    ('Failing', 'A'): lambda t: {('failing',): t.status['failing']},
    ('Silent', 'A'): lambda t: {('silent',): t.status['not_known']},
    ('In maintenance', 'A'): lambda t: {('maintenance',): STATES['maintenance'](t)},
    ('Held by the brake', 'A'): lambda t: {('held',): len(t.status['held'])},
    ('VMs leaving', 'A'): lambda t: {('leaving',): sum(h['vm_count'] for h in t.hosts if leaves(h))},
    ('VMs that cannot leave', 'A'): lambda t: {('stuck',): t.service['stays_all']},
    ('VMs on two hosts', 'A'): lambda t: {('on_two_hosts',): len(t.status['doubled'])},
    ('Plans waiting', 'A'): lambda t: scalar(len(t.service['waiting'])),
    ('Waiting for', 'A'): lambda t: (scalar(time.time() - min(instant(p['made_at']) for p in t.waiting)), CLOSE) if t.waiting else NONE,
    ('Migrations running', 'A'): lambda t: scalar(sum(m['phase'] in ('running', 'verifying') for m in t.service['moves'])),
    ('Balance paused', 'A'): lambda t: scalar(int(t.service['paused'] is not None)),
    ('Migrations stopped', 'A'): lambda t: scalar(int(t.status['stop'] is not None)),
    ('Last round', 'A'): lambda t: (scalar(time.time() - instant(t.service['round_at'])), CLOSE),
    ('Hosts that need attention', 'A'): lambda t: {(s,): f(t) for s, f in STATES.items()},
    ('Hosts that need attention', 'B'): lambda t: scalar(t.count(lambda h: h['above_load_line'] and not h['fenced'])),
    ('Spread', 'A'): lambda t: {(r,): load['sd'] for r, load in t.plan['before']['load'].items() if r in ('cpu', 'memory')},
    ('Fullest hosts', 'A'): lambda t: t.used('used'),
    ('Fullest hosts', 'B'): lambda t: t.used('load_line'),
    ('Work that waits', 'A'): lambda t: plausible(0, 1),
    ('Faults', 'A'): lambda t: {(h['name'],): h['fault_grade'] for h in t.hosts if h['fault_grade']} or NONE,
    ('Being emptied', 'A'): lambda t: {(h['name'],): h['vm_count'] for h in t.hosts if leaves(h)} or NONE,
    ('Deadlines', 'A'): lambda t: plausible(-1e6, 1e6, t.count(lambda h: h['state'] == 'maintenance')),
    ('Migrations by result', 'A'): lambda t: t.moves(('done', 'failed', 'aborted', 'refused', 'unclear', 'foreign')),
    ('Migrations per hour', 'A'): lambda t: plausible(0, 1e5, len(KINDS)),
    ('Newest plan', 'A'): lambda t: {(k,): sum(m['kind'] == k for m in t.service['moves']) for k in KINDS},
    ('Measured over predicted time', 'A'): lambda t: plausible(0, 10),
    ('Measured over predicted time', 'B'): lambda t: plausible(0, 10),
    ('Measured over predicted time', 'C'): lambda t: as_predicted(t),
    ('Time of a migration', 'A'): lambda t: (scalar(sum(m['seconds'] for m in t.done()) / len(t.done())), 0.05) if t.done() else NONE,
    ('Time of a migration', 'B'): lambda t: t.mean('plimsoll_move_downtime_seconds'),
    ('Sent by migrations', 'A'): lambda t: plausible(0, 1e12),
    ('Distance from the optimum', 'A'): lambda t: scalar(t.one('plimsoll_plan_gap_ratio')),
    ('Most migrations of one VM', 'A'): lambda t: scalar(t.one('plimsoll_vm_moves_day_max')),
    ('Round time by phase', 'A'): lambda t: plausible(0, 60, 2),
    ('Errors per hour', 'A'): lambda t: plausible(0, 1e5, 10),
    ('API requests', 'A'): lambda t: plausible(0, 1e4),
    ('API requests', 'B'): lambda t: plausible(0, 1e4, 5),
    ('API answer time', 'A'): lambda t: plausible(0, 10),
    ('Oldest reports', 'A'): lambda t: ({(h['name'],): time.time() - instant(h['seen_at']) for h in t.hosts if h['seen_at']}, CLOSE),
    ('Collectors that fail', 'A'): lambda t: {(h['name'],): 1 + h['unread'].count('; ') for h in t.hosts if h['unread']} or NONE,
}


def differs(right, found):
    """None: it is right; else in words."""
    if callable(right):
        verdict = right(found)
        return None if verdict is True else f'{verdict}, found {found}'
    right, off = right if isinstance(right, tuple) else (right, 1e-6)
    found = {k: v for k, v in found.items() if not math.isnan(v)}
    if right is NONE:
        return f'no value is right, found {found}' if found else None
    if set(right) != set(found):
        return f'{right} is right, found {found}'
    bad = [f'{k}: {found[k]} is not {v}' for k, v in right.items() if abs(found[k] - v) > off]
    return '; '.join(bad) or None


def look(targets):
    t = Truth()
    bad = []
    for title, ref, expr in targets:
        wrong = 'no row in dashboard_numbers.py' if (title, ref) not in RIGHT else differs(RIGHT[title, ref](t), query(expr))
        if wrong:
            bad.append(f'{title} {ref}: {wrong}\n    {expr}')
    return bad


def main():
    with open(DASHBOARD, encoding='utf-8') as f:
        dashboard = json.load(f)
    targets = [(p['title'], t['refId'], t['expr']) for p in dashboard['panels'] for t in p.get('targets', [])]
    bad = [f'{key[0]} {key[1]}: not in the dashboard' for key in RIGHT if key not in {t[:2] for t in targets}]
    end = time.monotonic() + float(SECONDS)
    while True:
        wrong = look(targets)
        if not wrong or time.monotonic() > end:
            break
        time.sleep(0.5)
    bad += wrong
    print('\n'.join(bad), end='\n' if bad else '')
    print(f'{len(targets)} queries, {len(bad)} do not agree')
    return 1 if bad or len(targets) < 40 else 0


if __name__ == '__main__':
    sys.exit(main())
