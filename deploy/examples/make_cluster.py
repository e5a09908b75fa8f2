#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Clusters that were never anybody's, as snapshot files (docs/snapshot-file.md): the same seed, the same bytes.

    make_cluster.py > forty-hosts.json            the bundled example: 40 hosts, 3 racks, 2 zones, 600 VMs, a story
    make_cluster.py --plain hom --hosts 1000 --vms 20000 --seed 1 > bench.json      for measurements: hom or het hosts

The story: three kinds of hosts, crowded unevenly in the course of years; one in maintenance, one cordoned, one whose disk
predicts its end; databases apart, a licence that binds some VMs to six hosts, a guest with a card of its own.
Plain: 1 to 16 vCPUs, 1 to 64 GiB; 55 % of VMs near idle, 30 % medium, 15 % hot; hosts sized so that CPU demand is 50 % and
allocated memory 62 % in the mean; placement skewed, and feasible in memory. Needs nothing but Python 3.
"""
import argparse
import json
import math
import random
import sys
from datetime import datetime, timezone


def decimal(thousandths):
    """As the printer writes it: no zeros at the end."""
    whole, part = divmod(thousandths, 1000)
    return str(whole) + (f".{part:03d}".rstrip("0") if part else "")


class Decimal:
    def __init__(self, value):
        self.thousandths = round(value * 1000)


def text(value):
    if isinstance(value, Decimal):
        return decimal(value.thousandths)
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(k)}: {text(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[ " + ", ".join(text(v) for v in value) + " ]"
    if isinstance(value, list):
        return "[" + ", ".join(text(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def write(cluster, out):
    fields = []
    for key, value in cluster.items():
        if isinstance(value, list):
            rows = ",".join("\n    " + text(row) for row in value)
            fields.append(f"{json.dumps(key)}: [{rows}\n  ]" if value else f"{json.dumps(key)}: []")
        else:
            fields.append(f"{json.dumps(key)}: {text(value)}")
    out.write("{\n  " + ",\n  ".join(fields) + "\n}\n")


# ---- plain ----

VCPUS = [(1, .25), (2, .30), (4, .25), (8, .14), (16, .06)]
GIBS = [(1, .10), (2, .15), (4, .20), (8, .22), (16, .18), (32, .10), (64, .05)]


def pick(rng, table):
    r = rng.random()
    for value, share in table:
        r -= share
        if r < 0:
            return value
    return table[-1][0]


def plain_vm(rng, number):
    vcpus, gib, r = pick(rng, VCPUS), pick(rng, GIBS), rng.random()
    use = rng.betavariate(1.5, 12) if r < .55 else rng.betavariate(4, 6) if r < .85 else rng.betavariate(8, 2)
    return {"name": f"vm{number:07d}", "host": None, "vcpus": vcpus, "memory_mib": gib * 1024,
            "cpu": Decimal(max(.01, use * vcpus))}


def plain_hosts(rng, kind, n, vms):
    kinds = [(64, 512)] if kind == "hom" else [(48, 384), (64, 512), (96, 768)]
    weights = [1] if kind == "hom" else [.45, .35, .20]
    sizes = rng.choices(kinds, weights, k=n)
    cores = sum(v["cpu"].thousandths for v in vms) / 1000 / .50 / sum(c for c, _ in sizes)
    memory = sum(v["memory_mib"] for v in vms) / .62 / sum(m * 1024 for _, m in sizes)
    return [{"name": f"host{i:06d}", "cpus": max(4, round(c * cores)),
             "memory_mib": max(65536, int(m * 1024 * memory) // 1024 * 1024)} for i, (c, m) in enumerate(sizes)]


def plain(kind, n_hosts, n_vms, seed):
    rng = random.Random(seed * 1000003 + n_hosts * 7 + n_vms)
    vms = [plain_vm(rng, i) for i in range(n_vms)]
    hosts = plain_hosts(rng, kind, n_hosts, vms)
    total, cumulative = 0.0, []
    for h in hosts:
        total += math.exp(rng.gauss(0, .6)) * h["cpus"]
        cumulative.append(total)
    used = [0] * n_hosts
    numbers = range(n_hosts)
    for v in sorted(vms, key=lambda v: -v["memory_mib"]):
        for attempt in range(400):
            i = rng.choices(numbers, cum_weights=cumulative)[0] if attempt < 60 else rng.randrange(n_hosts)
            if used[i] + v["memory_mib"] <= .95 * hosts[i]["memory_mib"]:
                break
        else:
            i = min(numbers, key=lambda i: used[i] / hosts[i]["memory_mib"])
        used[i] += v["memory_mib"]
        v["host"] = hosts[i]["name"]
    return {"schema": "plimsoll.snapshot/1", "cluster": f"{kind}-{n_hosts}-{n_vms}-{seed}", "hosts": hosts, "vms": vms}


# ---- the story ----

TAKEN_AT = 1767225600


def instant(seconds):
    """As RFC 3339 has it, to the millisecond."""
    return datetime.fromtimestamp(round(seconds, 3), timezone.utc).isoformat().replace("+00:00", "Z")


#        name     share vCPUs GiB  cores       dirty MiB/s  Mbit/s   priority
ROLES = [("dev",   .25,  2,    4,  (.02, .4),  (0, 4),      (0, 6),     50),
         ("web",   .30,  4,    8,  (.3, 2.2),  (2, 20),     (20, 220), 100),
         ("app",   .25,  8,   32,  (.8, 5.0),  (8, 90),     (10, 120), 100),
         ("db",    .15, 16,   64,  (1.5, 10),  (40, 420),   (30, 400), 500),
         ("batch", .05, 16,   32,  (8, 15.5),  (60, 300),   (1, 30),    20)]
#        hosts cores GiB MHz   model                   racks
KINDS = [(24,  64,   512, 2600, "Cascadelake-Server",  ("r1", "r2")),
         (10,  96,   768, 2400, "Icelake-Server",      ("r3",)),
         (6,   48,   384, 2900, "Skylake-Server",      ("r2", "r3"))]


def story_hosts(rng):
    hosts = []
    for count, cores, gib, mhz, model, racks in KINDS:
        for i in range(count):
            rack = racks[i % len(racks)]
            hosts.append({"name": f"kvm{len(hosts) + 1:02d}", "cpus": cores, "cpu_mhz": mhz, "memory_mib": gib * 1024,
                          "reserved_mib": 8192, "zone": "z2" if rack == "r3" else "z1", "rack": rack, "cpu_model": model,
                          "networks": ["br-dmz", "br-prod"] if rack != "r2" else ["br-prod"],
                          "popularity": math.exp(rng.gauss(0, .55)) * cores})
    hosts[6].update(state="maintenance", popularity=40)
    hosts[17].update(state="cordoned")
    hosts[29].update(faults={"grade": 3, "why": "disk sda: 24 pending and 3 uncorrectable sectors, rising since yesterday; "
                                                "the system disk is not mirrored"})
    return hosts


def story_vm(rng, role, number, members):
    name, _, vcpus, gib, cores, dirty, net, priority = role
    busy = rng.random() ** 1.6
    vm = {"name": "", "vcpus": vcpus, "memory_mib": gib * 1024, "cpu": Decimal(cores[0] + (cores[1] - cores[0]) * busy),
          "memory_used_mib": int(gib * 1024 * (.35 + .6 * rng.random())),
          "rx": (net[0] + (net[1] - net[0]) * busy) * (.5 + rng.random()),
          "tx": (net[0] + (net[1] - net[0]) * busy) * (.5 + rng.random()),
          "dirty": int(dirty[0] + (dirty[1] - dirty[0]) * busy * rng.random()) if rng.random() > .04 else None,
          "priority": priority, "networks": ["br-prod"], "groups": []}
    if name in members:
        group, member = divmod(number, members[name])
        vm["name"] = f"{name}{group + 1:02d}-{member + 1}"
        vm["groups"] = [f"{name}{group + 1:02d}"]
    else:
        vm["name"] = f"{name}{number + 1:03d}"
    if name == "web" and number // members["web"] % 4 == 0:
        vm["networks"] = ["br-dmz", "br-prod"]
    return vm


def story_place(rng, hosts, vms):
    used = {h["name"]: 0 for h in hosts}
    for vm in sorted(vms, key=lambda v: (-v["memory_mib"], v["name"])):
        fits = [h for h in hosts if set(vm["networks"]) <= set(h["networks"])
                and used[h["name"]] + vm["memory_mib"] <= .93 * (h["memory_mib"] - h["reserved_mib"])]
        host = rng.choices(fits, [h["popularity"] for h in fits])[0]
        used[host["name"]] += vm["memory_mib"]
        vm["host"] = host["name"]


def story_measure(rng, host, vms):
    """What the host's own agent would have said."""
    cores = sum(v["cpu"].thousandths for v in vms) / 1000
    busy = min(host["cpus"] * .995, cores * (1.02 + .04 * rng.random()) + .5 + rng.random())
    rx, tx = sum(v["rx"] for v in vms), sum(v["tx"] for v in vms)
    return {"seen_at": instant(TAKEN_AT - 1 - 4 * rng.random()), "cpu_busy": Decimal(busy),
            "memory_used_mib": int(sum(v["memory_used_mib"] for v in vms) * 1.03) + 4096 + rng.randrange(3000),
            "cpu_pressure": Decimal(max(0, busy / host["cpus"] - .75) * .6),
            "nics": [{"name": "bond0", "speed_mbit": 25000, "rx_mbit": Decimal(rx + 40 * rng.random()),
                      "tx_mbit": Decimal(tx + 40 * rng.random())}]}


HOST_ORDER = ("name", "uri", "state", "seen_at", "faults", "cpus", "cpu_mhz", "memory_mib", "cpu_busy", "memory_used_mib",
              "cpu_pressure", "headroom", "reserved_mib", "zone", "rack", "arch", "cpu_model", "networks", "pools", "nics")


def host_row(rng, host, vms):
    row = dict(host, uri=f"qemu+tls://{host['name']}.example.net/system", arch="x86_64", pools=["ceph-vms"],
               **story_measure(rng, host, vms))
    if host["rack"] == "r3" and host["cpus"] == 48:
        row["headroom"] = {"cpu": Decimal(.35), "memory": Decimal(.1)}
    return {k: row[k] for k in HOST_ORDER if k in row and not (k == "cpu_pressure" and row[k].thousandths == 0)}


def both_ways(rx, tx):
    return rx if rx.thousandths == tx.thousandths else {"rx": rx, "tx": tx}


def vm_row(rng, vm):
    row = {"name": vm["name"], "uuid": "%08x-%04x-4%03x-a%03x-%012x" % tuple(rng.getrandbits(b) for b in (32, 16, 12, 12, 48)),
           "host": vm["host"]}
    if "unmovable_why" in vm:
        row.update(movable=False, unmovable_why=vm["unmovable_why"])
    row.update(vcpus=vm["vcpus"], memory_mib=vm["memory_mib"], cpu=vm["cpu"], memory_used_mib=vm["memory_used_mib"],
               net_mbit=both_ways(Decimal(vm["rx"]), Decimal(vm["tx"])))
    if vm["dirty"] is not None:
        row["dirty_mib_s"] = vm["dirty"]
    if vm["priority"] != 100:
        row["priority"] = vm["priority"]
    row.update(arch="x86_64", machine="pc-q35-7.2", networks=vm["networks"], pools=["ceph-vms"])
    if vm["groups"]:
        row["groups"] = vm["groups"]
    return row


def rules(hosts, vms):
    groups = {}
    for vm in vms:
        for group in vm["groups"]:
            groups.setdefault(group, []).append(vm["name"])
    made = []
    for group, members in sorted(groups.items()):
        if group.startswith("db"):
            made.append({"name": f"{group}-apart", "kind": "apart", "vms": sorted(members)})
        elif group.startswith("web") and int(group[3:]) <= 12:
            made.append({"name": f"{group}-zones", "kind": "spread", "level": "zone", "must": False, "weight": 200, "k": 2,
                         "vms": sorted(members)})
    licensed = sorted(h["name"] for h in hosts if h["cpus"] == 48)
    bound = sorted(v["name"] for v in vms if v["host"] in licensed and v["name"].startswith("app"))
    made.append({"name": "licence", "kind": "on", "vms": bound, "hosts": licensed})
    return made


def story(seed, n_vms):
    rng = random.Random(seed)
    hosts, vms = story_hosts(rng), []
    members = {"web": 4, "db": 3}
    for role in ROLES:
        vms += [story_vm(rng, role, i, members) for i in range(round(role[1] * n_vms))]
    story_place(rng, hosts, vms)
    card = next(v for v in vms if v["name"].startswith("app") and v["host"] == hosts[20]["name"])
    card["unmovable_why"] = "host device 0000:3b:00.0"
    on = {h["name"]: [v for v in vms if v["host"] == h["name"]] for h in hosts}
    vms.sort(key=lambda v: v["name"])
    return {"schema": "plimsoll.snapshot/1", "cluster": "forty-hosts", "taken_at": instant(TAKEN_AT),
            "hosts": [host_row(rng, h, on[h["name"]]) for h in hosts], "vms": [vm_row(rng, v) for v in vms],
            "rules": rules(hosts, vms)}


def main():
    p = argparse.ArgumentParser(description="A made-up cluster as a snapshot file, on standard output.")
    p.add_argument("--plain", choices=("hom", "het"), help="no story: hosts of one size, or of three")
    p.add_argument("--hosts", type=int, default=1000, help="with --plain")
    p.add_argument("--vms", type=int, help="default: 20 a host, and 600 in the story")
    p.add_argument("--seed", type=int, default=1)
    o = p.parse_args()
    if o.plain:
        write(plain(o.plain, o.hosts, o.vms or 20 * o.hosts, o.seed), sys.stdout)
    else:
        write(story(o.seed, o.vms or 600), sys.stdout)


if __name__ == "__main__":
    main()
