# SPDX-License-Identifier: Apache-2.0
"""Room: what hosts have and use themselves, and what VMs need (docs/memory.md, docs/limits.md, docs/numa.md)."""
import collections


def overhead(vm, settings):
    if not vm.measured() or vm.resident is None:
        return settings.per_vm
    if vm.hugepages:
        return vm.resident
    return max(vm.resident - vm.memory, settings.per_vm)


def promised(vm, settings):
    return overhead(vm, settings) + (0 if vm.hugepages else vm.memory)


def in_use(vm, settings):
    seen = vm.resident if vm.measured() else None  # of one that is off nothing is, whatever was read when it ran
    if vm.hugepages or (seen is None and vm.memory_used is None):
        return promised(vm, settings)
    inside = 0 if vm.memory_used is None else vm.memory_used + overhead(vm, settings)
    return min(max(seen or 0, inside), promised(vm, settings))


def resident(vm):
    if not vm.measured():
        return 0
    if vm.resident is not None:
        return vm.resident
    return 0 if vm.hugepages else vm.memory


def numa(kib, nodes):
    return f'numa {kib} on ' + ','.join(map(str, sorted(nodes)))


def held(vm, kib, nodes):
    bound = vm.bound_to(kib, nodes)
    if not vm.measured():
        return 0
    if kib or vm.resident is None or vm.resident >= vm.memory:
        return bound
    return bound * vm.resident // vm.memory


def with_unions(sets):
    """With the union of any two of a kind that share a node without one being part of the other."""
    while True:
        more = {(k, a | b) for k, a in sets for l, b in sets if k == l and a & b and not a <= b and not b <= a} - sets
        if not more:
            return sets
        sets = sets | more


def node_sets(cluster):
    """Those that account is kept of: at most eight."""
    named = collections.Counter((vm.hugepages, c['nodes']) for vm in cluster.vms.values() for c in vm.cells if c['nodes'])
    kept = set()
    for kind in sorted(named, key=lambda k: (-named[k], k[0], sum(1 << n for n in k[1]))):
        more = with_unions(kept | {kind})
        kept = more if len(more) <= 8 else kept
    return kept


class Room:
    """what each host has of each resource, uses itself, and what each VM needs. All whole numbers."""

    def __init__(self, cluster):
        self.cluster, self.settings = cluster, cluster.settings
        self.at_home = {h: [v for v in cluster.vms.values() if v.home == h] for h in cluster.hosts}
        speeds = sorted(h.mhz for h in cluster.hosts.values() if h.mhz)
        self.usual = speeds[len(speeds) // 2] if speeds else 1000
        self.kibs = sorted({v.hugepages for v in cluster.vms.values() if v.hugepages})
        self.node_sets = node_sets(cluster)
        self.has, self.own, self.over = {}, {}, set()
        for host in cluster.hosts.values():
            self.has[host.name], self.own[host.name] = {}, {}
            self.cpu_of_host(host)
            self.memory_of_host(host)
            self.net_of_host(host)
            self.extra_of_host(host)
            self.nodes_of_host(host)
        self.need = {vm.name: self.needs(vm) for vm in cluster.vms.values()}

    def mhz(self, host):
        return host.mhz or self.usual

    def put(self, host, resource, has, own=0):
        if has is not None:
            self.has[host.name][resource], self.own[host.name][resource] = has, own

    def in_mhz(self, mcores, host):
        """Whole MHz, rounded down, as each figure of CPU is."""
        return mcores * self.mhz(host) // 1000

    def blank(self, host):
        """Its VMs that run, and nobody measured what they use."""
        return [v for v in self.at_home[host.name] if v.state == 'running' and v.cpu is None]

    def guess(self, vm, host):
        """What one of these is taken to use, in thousandths of a core."""
        most = vm.vcpus * 1000
        if host.busy is None:
            return most
        known = sum(v.cpu_read or 0 for v in self.at_home[host.name] if v.measured() and v.cpu is not None)
        return min(most, max(host.busy - known, 0) * vm.vcpus // max(sum(v.vcpus for v in self.blank(host)), 1))

    def cpu_of_host(self, host):
        own = 0
        if host.busy is not None:
            known = sum(self.in_mhz(v.cpu_read or 0, host) for v in self.at_home[host.name] if v.measured() and v.cpu is not None)
            known += sum(self.in_mhz(self.guess(v, host), host) for v in self.blank(host))
            own = max(self.in_mhz(host.busy, host) - known, 0)
        self.put(host, 'cpu', host.cpus * self.mhz(host), own)
        ratio = host.overcommit_cpu or self.settings.overcommit_cpu
        if ratio:
            self.put(host, 'vcpus', host.cpus * ratio // 1000)

    def cpu_of(self, vm):
        host = self.cluster.hosts[vm.home]
        if vm.state == 'off' or (vm.cpu is None and vm.state == 'paused'):
            return 0
        return self.in_mhz(self.guess(vm, host) if vm.cpu is None else vm.cpu, host)

    def pools(self, host):
        """Huge pages of each size: at least what its running VMs have of it."""
        kibs = set(host.hugepages) | {v.hugepages for v in self.at_home[host.name] if v.hugepages}
        return {kib: max(host.hugepages.get(kib, (0, 0))[0],
                         sum(v.memory for v in self.at_home[host.name]
                             if v.hugepages == kib and v.measured()))
                for kib in kibs}

    def memory_of_host(self, host):
        pools = sum(self.pools(host).values())
        has = host.memory - pools
        kept = host.reserved or self.settings.keep_for_host
        own = kept
        if host.memory_used is not None:
            own = max(kept, host.memory_used - host.reclaimable - pools -
                      sum(resident(v) for v in self.at_home[host.name]))
        ratio = host.overcommit_memory or self.settings.overcommit_memory
        self.put(host, 'memory', has * ratio // 1000, own)
        if ratio > 1000:
            self.put(host, 'memory in use', has, own)
        for kib in self.kibs:
            total, free = host.hugepages.get(kib, (0, 0))
            used = sum(v.memory for v in self.at_home[host.name] if v.hugepages == kib and v.measured())
            if kib not in host.hugepages:  # no more than there is, which is no overload
                used += sum(v.memory for v in self.cluster.vms.values() if v.hugepages == kib and v.flies_to == host.name)
            self.put(host, f'huge {kib}', free + used, 0)

    def net_of_host(self, host):
        for way in ('rx', 'tx'):
            nics = [n for n in host.nics if n.get('carrier', True) and 'speed_mbit' in n]
            if not nics:
                continue
            used = sum(int(n.get(f'{way}_mbit', 0) * 1000 + 0.5) for n in nics)
            vms = sum(getattr(v, way + '_read') or 0 for v in self.at_home[host.name] if v.measured())
            self.put(host, way, sum(n['speed_mbit'] for n in nics) * 1000, max(used - vms, 0))

    def extra_of_host(self, host):
        for name, amount in host.extra.items():
            self.put(host, f'extra {name}', amount)

    def nodes_of_host(self, host):
        """docs/numa.md, When a bound VM fits: has, own, and whether the host is over. What is in flight to it counts as there."""
        for kib, nodes in self.node_sets:
            there = [host.numa[n] for n in nodes if n in host.numa]
            if not host.numa or any(n.has(kib) is None for n in there):
                continue
            name, has, used = numa(kib, nodes), sum(n.has(kib) for n in there), sum(n.in_use(kib) for n in there)
            own = max(used - sum(held(v, kib, nodes) for v in self.at_home[host.name]), 0)
            bound = sum(v.bound_to(kib, nodes) for v in self.cluster.vms.values() if host.name in (v.home, v.flies_to))
            self.put(host, name, has, own)
            if own + bound > has:
                self.over.add((host.name, name))

    def needs(self, vm):
        off = vm.state == 'off'
        need = {'cpu': self.cpu_of(vm), 'vcpus': vm.vcpus,
                'memory': promised(vm, self.settings), 'memory in use': in_use(vm, self.settings),
                'rx': 0 if off else vm.rx or 0, 'tx': 0 if off else vm.tx or 0}
        if vm.hugepages:
            need[f'huge {vm.hugepages}'] = vm.memory
        for kib, nodes in self.node_sets:
            need[numa(kib, nodes)] = vm.bound_to(kib, nodes)
        for name, amount in vm.extra.items():
            need[f'extra {name}'] = amount
        return need

    def lacking(self, host, there, comers):
        """(comer, resource, whether it would have room were it the only one that comes) of each that lacks room, or
        comes beside others for whom, together, there is too little."""
        for resource, has in self.has[host].items():
            def total(vms):
                return self.own[host][resource] + sum(self.need[v].get(resource, 0) for v in vms)

            if total(there | comers) > has or (host, resource) in self.over:
                for vm in sorted(comers):
                    if self.need[vm].get(resource, 0):
                        yield vm, resource, total(there | {vm}) <= has

    def unkept(self, vm):
        """A cell of it is bound to nodes that no account is kept of."""
        return any(c['nodes'] and (vm.hugepages, c['nodes']) not in self.node_sets for c in vm.cells)

    @staticmethod
    def reason(resource, alone):
        if resource == 'vcpus':
            return 'OVERCOMMIT'
        if resource.startswith('numa'):
            return 'NUMA_ROOM'
        if resource.startswith('huge'):
            return 'HUGEPAGES'
        return 'NO_ROOM_DURING' if alone else 'NO_ROOM'
