# SPDX-License-Identifier: Apache-2.0
"""A record of `plimsoll backtest` as the history of a libvirt exporter and node_exporter, in OpenMetrics: and, with its last readings, on until now.

   backtest_history.py RECORD-DIR STEP-SECONDS SCRAPE-SECONDS FIRST-SECOND NOW > history.txt"""
import csv
import json
import sys

folder, step, scrape, first, now = sys.argv[1], *map(int, sys.argv[2:6])
cluster = json.load(open(folder + '/cluster.json', encoding='utf-8'))
use = {}
times = []
for row in csv.DictReader(open(folder + '/use.csv', encoding='utf-8')):
    if not times or times[-1] != int(row['time']):
        times.append(int(row['time']))
    use.setdefault(row['vm'], []).append(float(row['cpu']))


def series(kind, name, unit, labels, values):
    """values: (time, value), by time"""
    words = ','.join(f'{k}="{v}"' for k, v in labels.items())
    return [f'{name}{{{words}}} {value:.6f} {at}' for at, value in values]


def family(name, kind, lines):
    if kind == 'counter':
        name = name.removesuffix('_total')
    print(f'# TYPE {name} {kind}')
    print('\n'.join(lines))


ticks = range(first, now + 1, scrape)
cpu = []
for vm in cluster['vms']:
    total, values = 0.0, []
    for at in ticks:
        if at > first:
            total += use[vm['name']][min((at - 1 - first) // step, len(times) - 1)] * scrape
        values.append((at, total))
    cpu += series('counter', 'libvirt_domain_info_cpu_time_seconds_total', 's', {'instance': vm['host'] + ':9177', 'domain': vm['name']}, values)
family('libvirt_domain_info_cpu_time_seconds_total', 'counter', cpu)
late = [at for at in ticks if at > now - 600]
for name, value in (('libvirt_domain_info_virtual_cpus', lambda vm: vm['vcpus']), ('libvirt_domain_info_maximum_memory_bytes', lambda vm: vm['memory_mib'] * 1048576),
                    ('libvirt_domain_info_vstate', lambda vm: 1)):
    family(name, 'gauge', [s for vm in cluster['vms'] for s in series('gauge', name, '', {'instance': vm['host'] + ':9177', 'domain': vm['name']}, [(at, value(vm)) for at in late])])
family('libvirt_up', 'gauge', [s for host in cluster['hosts'] for s in series('gauge', 'libvirt_up', '', {'instance': host['name'] + ':9177'}, [(at, 1) for at in late])])
family('node_cpu_seconds_total', 'counter', [s for host in cluster['hosts'] for i in range(host['cpus'])
                                             for s in series('counter', 'node_cpu_seconds_total', '', {'instance': host['name'] + ':9100', 'cpu': i, 'mode': 'idle'}, [(at, at - first) for at in late])])
for name in ('node_memory_MemTotal_bytes', 'node_memory_MemAvailable_bytes'):
    family(name, 'gauge', [s for host in cluster['hosts'] for s in series('gauge', name, '', {'instance': host['name'] + ':9100'}, [(at, host['memory_mib'] * 1048576) for at in late])])
print('# EOF')
