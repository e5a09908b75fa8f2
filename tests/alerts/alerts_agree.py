#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The alert rules ask for metrics that there are, with values of their labels that there are; each names a section of docs/alerts.md,
and each is fired by tests/alerts/alerts_test.yml. So does the dashboard, deploy/grafana/plimsoll.json (its numbers: dashboard_test.sh).
  tests/alerts/alerts_agree.py [TREE]"""
import json
import os
import re
import sys


def main():
    os.chdir(sys.argv[1] if len(sys.argv) > 1 else '.')
    rules = open('deploy/prometheus/alerts.yml', encoding='utf-8').read()
    table = open('scheduler/app/metrics/service_metrics.def', encoding='utf-8').read()
    page = open('docs/alerts.md', encoding='utf-8').read()
    test = open('tests/alerts/alerts_test.yml', encoding='utf-8').read()
    words = open('scheduler/app/metrics/metrics_board.c', encoding='utf-8').read() + \
        open('scheduler/model/plan.c', encoding='utf-8').read()
    metrics = set(re.findall(r'SERVICE_METRIC\(\w+, \w+, \w+, "(\w+)"', table))
    alerts = re.findall(r'- alert: (\w+)', rules)
    bad = [] if len(alerts) >= 12 and len(metrics) >= 30 else [f'only {len(alerts)} alerts, {len(metrics)} metrics: is this blind?']
    for name in sorted(set(re.findall(r'\bplimsoll_\w+', rules + test))):
        if name not in metrics:
            bad.append(f'{name} is no metric of service_metrics.def')
    dashboard = json.load(open('deploy/grafana/plimsoll.json', encoding='utf-8'))
    queries = [t['expr'] for p in dashboard['panels'] for t in p.get('targets', [])]
    if len(queries) < 40:
        bad.append(f'only {len(queries)} queries in the dashboard: is this blind?')
    for name in sorted(set(re.findall(r'\bplimsoll_\w+', ' '.join(queries)))):
        if re.sub('_(bucket|sum|count)$', '', name) not in metrics | {'plimsoll_collector_up'}:
            bad.append(f'deploy/grafana/plimsoll.json: {name} is no metric of service_metrics.def')
    for value in re.findall(r'(?:state|status|result)=~?"([\w|]+)"', rules):
        bad += [f'no label has the value {v}' for v in value.split('|') if f'"{v}"' not in words]
    for name in alerts:
        if f'runbook: "docs/alerts.md#{name.lower()}"' not in rules:
            bad.append(f'{name} names no runbook')
        if f'\n### {name}\n' not in page:
            bad.append(f'docs/alerts.md has no section {name}')
        if not re.search(r'alertname: ' + name + r', exp_alerts: \[\{', test):
            bad.append(f'{name} is not fired by tests/alerts/alerts_test.yml')
    bad += [f'docs/alerts.md: there is no alert {n}' for n in re.findall(r'^### (\w+)$', page, re.M) if n not in alerts]
    print('\n'.join(bad), end='\n' if bad else '')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main())
