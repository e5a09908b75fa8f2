#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A cluster and what its VMs used, made from a seed: a record for `plimsoll backtest --trace DIR`.

Each VM has a load of its own, a day's rhythm with a peak at some hour, noise, and now and then a burst of half an hour to five.
   deploy/examples/make_trace.py DIR [--hosts N] [--vms N] [--days N] [--step MINUTES] [--seed N]"""
import argparse
import json
import math
import os
import random

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument('dir', metavar='DIR')
for name, number in (('hosts', 4), ('vms', 16), ('days', 2), ('step', 30), ('seed', 1)):
    p.add_argument('--' + name, type=int, default=number)
o = p.parse_args()
r = random.Random(o.seed)
hosts = [{'name': f'h{i + 1:03}', 'cpus': 16, 'memory_mib': 131072} for i in range(o.hosts)]
free = [131072] * o.hosts
vms = []
for i in range(o.vms):
    vcpus, memory = r.choice([1, 2, 4, 8]), r.choice([2048, 4096, 8192, 16384])
    h = r.randrange(o.hosts)
    while free[h] < memory and max(free) >= memory:
        h = r.randrange(o.hosts)
    free[h] -= memory
    vms.append({'name': f'vm{i + 1:04}', 'host': hosts[h]['name'], 'vcpus': vcpus, 'memory_mib': memory})
usual = [v['vcpus'] * r.betavariate(2, 4) for v in vms]
peak, swing = [r.gauss(14, 3) for _ in vms], [r.random() for _ in vms]
burst, height = [0] * o.vms, [0.0] * o.vms
os.makedirs(o.dir, exist_ok=True)
with open(o.dir + '/cluster.json', 'w', encoding='utf-8') as f:
    json.dump({'schema': 'plimsoll.snapshot/1', 'cluster': 'office', 'hosts': hosts, 'vms': vms}, f, indent=1)
    f.write('\n')
with open(o.dir + '/use.csv', 'w', encoding='utf-8') as f:
    f.write('time,vm,cpu\n')
    for at in range(0, o.days * 1440, o.step):
        for i, v in enumerate(vms):
            if burst[i] <= 0 and r.random() < 0.0005 * o.step:
                burst[i], height[i] = r.randrange(30, 300), v['vcpus'] * r.random()
            day = 1 + swing[i] * math.cos((at / 60 % 24 - peak[i]) / 24 * 2 * math.pi)
            use = usual[i] * day * r.gauss(1, 0.1) + (height[i] if burst[i] > 0 else 0)
            burst[i] -= o.step
            f.write(f"{1788220800 + at * 60},{v['name']},{min(max(use, 0), v['vcpus']):.2f}\n")
