#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""synthetic.py NEUTRAL.json > SNAPSHOT.json: a neutral cluster as a snapshot file (docs/snapshot-file.md).

Neutral: {"hosts": [{"name", "cores", "mem_mb"}], "vms": [{"name", "vcpus", "mem_mb", "cpu", "host"}]}, "cpu" in cores, "mem_mb" in
MiB, "host" the host's place in "hosts". So that several balancers can be measured on the same clusters.
"""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../deploy/examples"))
import make_cluster  # noqa: E402


def convert(neutral, name):
    hosts = [{"name": h["name"], "cpus": h["cores"], "memory_mib": h["mem_mb"]} for h in neutral["hosts"]]
    vms = [{"name": v["name"], "host": hosts[v["host"]]["name"], "vcpus": v["vcpus"], "memory_mib": v["mem_mb"],
            "cpu": make_cluster.Decimal(v["cpu"])} for v in neutral["vms"]]
    return {"schema": "plimsoll.snapshot/1", "cluster": name, "hosts": hosts, "vms": vms}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with open(sys.argv[1], encoding="utf-8") as f:
        make_cluster.write(convert(json.load(f), os.path.basename(sys.argv[1])), sys.stdout)
