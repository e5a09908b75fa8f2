# SPDX-License-Identifier: Apache-2.0
"""The cluster file and settings, with what is left out of them (docs/snapshot-file.md, docs/settings.md)."""

SETTINGS = {
    'memory.keep_for_host': '512MiB', 'memory.per_vm': '30MiB',
    'cluster.overcommit_memory': '100%', 'cluster.overcommit_cpu': '0%', 'cluster.local_disks': 'refuse',
    'reserve.losses': '0', 'reserve.losses_of': 'host', 'reserve.share': '0%', 'reserve.share_of': 'cluster',
    'reserve.maintenance': 'spends',
}


def thousandths(number):
    """A number of the file with three decimals, halves up; None stays None."""
    return None if number is None else int(number * 1000 + 0.5)


def mib(text):
    for unit, size in (('MiB', 1), ('GiB', 1024), ('TiB', 1024 * 1024)):
        if text.endswith(unit):
            return int(float(text[:-3]) * size)
    raise ValueError(text)


def permille(text):
    return round(float(text[:-1]) * 10) if text.endswith('%') else round(float(text) * 1000)


class Settings:
    def __init__(self, said):
        text = dict(SETTINGS, **{k: v for k, v in said.items() if k in SETTINGS})
        self.keep_for_host = mib(text['memory.keep_for_host'])
        self.per_vm = mib(text['memory.per_vm'])
        self.overcommit_memory = permille(text['cluster.overcommit_memory'])
        self.overcommit_cpu = permille(text['cluster.overcommit_cpu'])
        self.copy_disks = text['cluster.local_disks'] == 'copy'
        self.losses = int(text['reserve.losses'])
        self.losses_of = text['reserve.losses_of']
        self.share = permille(text['reserve.share'])
        self.share_of = text['reserve.share_of']
        self.maintenance_waits = text['reserve.maintenance'] == 'waits'


def both_ways(said):
    """net_mbit: a number each way, or an object; in kbit/s."""
    if said is None:
        return None, None
    if isinstance(said, dict):
        return thousandths(said.get('rx')), thousandths(said.get('tx'))
    return thousandths(said), thousandths(said)


def known_list(said):
    """A list that is not there restricts nothing (None); [] is known to be empty."""
    return None if said is None else set(said)


class Node:
    """docs/numa.md: has and used, of ordinary memory (0) and of pages by their size; None: not known."""

    def __init__(self, n):
        pools = {p.get('kib', 2048): (p['total_mib'], p['total_mib'] - p['free_mib']) for p in n.get('hugepages', [])}
        self.cpus = numbers(n['cpus']) if 'cpus' in n else None
        self.pools = pools if 'hugepages' in n else None
        self.memory = max(n['memory_mib'] - sum(total for total, _ in pools.values()), 0) if 'memory_mib' in n else None
        self.used = 0
        if self.memory is not None and 'available_mib' in n:
            self.used = max(self.memory - n['available_mib'], 0)

    def has(self, kib):
        if kib == 0:
            return self.memory
        return None if self.pools is None else self.pools.get(kib, (0, 0))[0]

    def in_use(self, kib):
        return self.used if kib == 0 else (self.pools or {}).get(kib, (0, 0))[1]


class Host:
    def __init__(self, o, extra):
        platform = o.get('platform', {})
        self.name = o['name']
        self.state = o.get('state', 'active')
        self.fence = o.get('fence', 'none')
        self.for_good = o.get('for_good', False)
        self.no_entry = 'no_entry_why' in o
        self.faults = [(f['grade'], set(f['vms']) if 'vms' in f else None) for f in o.get('faults', [])] \
            if isinstance(o.get('faults'), list) else [(o['faults']['grade'], None)] if 'faults' in o else []
        self.grade = max((grade for grade, _ in self.faults), default=0)
        self.cpus, self.mhz, self.memory = o['cpus'], o.get('cpu_mhz'), o['memory_mib']
        self.busy = thousandths(o.get('cpu_busy'))
        self.memory_used, self.reclaimable = o.get('memory_used_mib'), o.get('memory_reclaimable_mib', 0)
        self.reclaimable_known = 'memory_reclaimable_mib' in o
        self.reserved = o.get('reserved_mib', 0)
        self.overcommit_cpu = thousandths(o.get('overcommit_cpu', 0))
        self.overcommit_memory = thousandths(o.get('overcommit_memory', 0))
        self.hugepages = {p.get('kib', 2048): (p['total_mib'], p['free_mib']) for p in o.get('hugepages', [])}
        self.place = {'host': self.name, 'rack': o.get('rack'), 'zone': o.get('zone'),
                      'neighborhood': o.get('neighborhood')}
        self.arch, self.cpu_model = o.get('arch'), o.get('cpu_model')
        self.networks, self.pools = known_list(o.get('networks')), known_list(o.get('pools'))
        self.machines, self.emulators = known_list(o.get('machines')), known_list(o.get('emulators'))
        self.cpu_models, self.cpu_features = known_list(o.get('cpu_models')), known_list(o.get('cpu_features'))
        self.images, self.portgroups = known_list(platform.get('images')), known_list(platform.get('portgroups'))
        self.cpu_list = numbers(platform['cpu_list']) if 'cpu_list' in platform else None
        self.nodes = {n['id'] for n in platform['numa']} if platform.get('numa') else None
        self.numa = {n['id']: Node(n) for n in platform.get('numa', [])}
        self.nics = o.get('nics', [])
        self.extra = {name: o.get('extra', {}).get(name, 0) for name in extra}

    def seen(self):
        return self.fence == 'none' and self.state != 'offline'

    def takes_vms(self):
        return self.state == 'active' and self.fence == 'none' and not self.no_entry and self.grade < 2

    def emptied_of(self, vm):
        """Whether the VM, which runs here, must leave."""
        return self.state == 'maintenance' or any(grade >= 3 and (vms is None or vm.name in vms)
                                                  for grade, vms in self.faults)


def numbers(text):
    """'0-3,8' → {0, 1, 2, 3, 8}"""
    found = set()
    for part in text.split(','):
        first, _, last = part.partition('-')
        found.update(range(int(first), int(last or first) + 1))
    return found


def cell(text):
    """'0-3 4096 0 8-11': a cell of numa_bound."""
    cpus, size, nodes, pins = text.split()
    return {'cpus': len(numbers(cpus)), 'mib': int(size), 'nodes': frozenset() if nodes == '-' else frozenset(numbers(nodes)),
            'pins': set() if pins == '-' else numbers(pins)}


class Vm:
    def __init__(self, o, extra):
        ties = o.get('ties', {})
        self.name, self.home = o['name'], o['host']
        self.uuid = o.get('uuid')
        self.state = o.get('state', 'running')
        flight = o.get('in_flight', False)
        self.in_flight, self.flies_to = bool(flight), flight if isinstance(flight, str) else None
        self.doubled = len(o.get('running_on', [])) > 1
        self.movable, self.hold, self.tie = o.get('movable', True), o.get('hold', 'none'), ties.get('tie', 'none')
        self.vcpus, self.memory = o['vcpus'], o['memory_mib']
        self.cpu = thousandths(o.get('cpu'))
        self.memory_used, self.resident = o.get('memory_used_mib'), o.get('memory_resident_mib') or None
        self.rx, self.tx = both_ways(o.get('net_mbit'))
        read = o.get('measured', {'cpu': o.get('cpu'), 'rx_mbit': None, 'tx_mbit': None})
        self.cpu_read = thousandths(read.get('cpu'))  # at the last reading, which its host's measured use is of
        self.rx_read, self.tx_read = (self.rx, self.tx) if 'measured' not in o else \
            (thousandths(read.get('rx_mbit')), thousandths(read.get('tx_mbit')))
        self.local_disk = o.get('local_disk_mib', 0)
        self.arch, self.cpu_model, self.machine = o.get('arch'), o.get('cpu_model'), o.get('machine')
        self.emulator, self.cpu_features = o.get('emulator'), set(o.get('cpu_features', []))
        self.hugepages = o.get('hugepages_kib', 0)
        self.networks, self.pools = set(o.get('networks', [])), set(o.get('pools', []))
        self.groups = set(o.get('groups', []))
        self.images, self.portgroups = set(ties.get('images', [])), set(ties.get('portgroups', []))
        self.pins = numbers(ties['cpu_pins']) if 'cpu_pins' in ties else set()
        self.nodes = numbers(ties['numa_nodes']) if 'numa_nodes' in ties else set()
        self.cells = [cell(text) for text in ties['numa_bound'].split(';')] if 'numa_bound' in ties else []
        self.extra = {name: o.get('extra', {}).get(name, 0) for name in extra}

    def bound_to(self, kib, nodes):
        """Memory of it, of this kind (the size of its pages; 0: ordinary), that is bound to some of these nodes, and to no others."""
        if self.hugepages != kib:
            return 0
        return min(sum(c['mib'] for c in self.cells if c['nodes'] and c['nodes'] <= nodes), self.memory)

    def measured(self):
        """Its host's measured use has it in it."""
        return self.state not in ('off', 'booked')


class Rule:
    def __init__(self, o, vms):
        def members(names, group):
            return {vm.name for vm in vms if vm.name in o.get(names, []) or o.get(group, '') in vm.groups}

        self.name, self.kind, self.level = o.get('name'), o['kind'], o.get('level', 'host')
        self.must, self.evacuate, self.k = o.get('must', True), o.get('evacuate', False), o.get('k', 0)
        self.vms, self.near = members('vms', 'group'), members('near_vms', 'near_group')
        self.hosts = set(o.get('hosts', []))


class Cluster:
    """What decisions are made on: VMs that are off are left out, save on hosts that are left for good; what is booked is a VM."""

    def __init__(self, o, settings):
        extra = [r['name'] for r in o.get('extra', [])]
        self.settings = settings
        self.transient = {r['name'] for r in o.get('extra', []) if r.get('transient', False)}
        self.extra = extra
        self.hosts = {h['name']: Host(h, extra) for h in sorted(o['hosts'], key=lambda h: h['name'].encode())}
        all_vms = [Vm(v, extra) for v in sorted(o['vms'], key=lambda v: v['name'].encode())]
        self.vms = {vm.name: vm for vm in all_vms if vm.state != 'off' or self.hosts[vm.home].for_good}
        self.booked(o.get('bookings', []), all_vms)
        self.rules = [Rule(r, self.vms.values()) for r in o.get('rules', [])]

    def booked(self, bookings, vms):
        """docs/snapshot-file.md, Bookings."""
        names, uuids = {vm.name for vm in vms}, {vm.uuid for vm in vms if vm.uuid}
        for b in bookings:
            host = self.hosts.get(b['host'])
            if b['name'] in names or b.get('uuid') in uuids or not host or not host.takes_vms():
                continue
            vm = Vm(dict({'cpu': 0}, **b), self.extra)
            vm.state = 'booked'
            self.vms[vm.name] = vm
