# SPDX-License-Identifier: Apache-2.0
"""The reserve: hosts that may be lost, and a share that stays free (docs/limits.md)."""
import itertools

import fit


class Reserve:
    def __init__(self, judge):
        self.judge, self.cluster, self.room, self.settings = judge, judge.cluster, judge.room, judge.settings
        self.hosts = list(self.cluster.hosts.values())
        self.takers = [h for h in self.hosts if h.takes_vms()]
        self.mean = {r: max(sum(self.room.has[h.name].get(r, 0) for h in self.hosts) // max(len(self.hosts), 1), 1)
                     for r in ('cpu', 'memory')}
        self.cases = list(self.losses())
        self.lacking, self.short = self.without_place(), self.share_lacking()

    def losses(self):
        """Each set of hosts that may be lost at once."""
        if not self.settings.losses:
            return
        up = [h for h in self.hosts if h.seen() and not self.emptied(h)]
        places = sorted({h.place[self.settings.losses_of] or '' for h in up})
        for lost in itertools.combinations(places, self.settings.losses):
            yield {h.name for h in up if (h.place[self.settings.losses_of] or '') in lost}

    @staticmethod
    def emptied(host):
        return host.state == 'maintenance' or host.grade >= 3

    def size(self, vm):
        """The greater of its shares of the mean host, in 65536ths."""
        return max(self.room.need[vm.name][r] * 65536 // self.mean[r] for r in ('cpu', 'memory'))

    def without_place(self):
        """VMs that find no place, summed over all losses."""
        return sum(self.left_over(lost) for lost in self.cases)

    def left_over(self, lost):
        where = self.judge.where
        vms = [v for v in self.cluster.vms.values() if where[v.name] in lost and not v.local_disk]
        vms.sort(key=lambda v: (-self.size(v), v.name))
        of = self.settings.losses_of
        places = {self.cluster.hosts[h].place[of] or '' for h in lost}
        first = min(i for i, h in enumerate(self.hosts) if (h.place[of] or '') in places)  # be it lost itself or not
        order = [h for h in self.hosts[first + 1:] + self.hosts[:first + 1] if h in self.takers and h.name not in lost]
        return min(self.place(vms, order, lost, fill) for fill in (False, True))

    def place(self, vms, order, lost, fill):
        used = {h.name: dict(self.room.own[h.name]) for h in order}
        for host in used:
            for v in self.judge.where:
                if host in self.judge.also_at(v):
                    for r, need in self.room.need[v].items():
                        if r in used[host]:
                            used[host][r] += need
        left = 0
        for vm in vms:
            fits = [h for h in order if self.fits(vm, h, used[h.name])]
            if not fits:
                left += 1
                continue
            host = min(fits, key=lambda h: self.free_after(vm, h, used[h.name])) if fill else fits[0]
            for r, need in self.room.need[vm.name].items():
                if r in used[host.name]:
                    used[host.name][r] += need
        return left

    def fits(self, vm, host, used):
        home = self.cluster.hosts[vm.home]
        if any(True for _ in fit.may_enter(vm, home, host)) or (host.numa and self.room.unkept(vm)):
            return False
        if any(self.room.need[vm.name].get(r, 0) for h, r in self.room.over if h == host.name):
            return False
        for rule in self.cluster.rules:
            if rule.must and rule.kind in ('on', 'not-on') and vm.name in rule.vms and self.judge.forbidden(rule, host.name):
                return False
        return all(used[r] + self.room.need[vm.name].get(r, 0) <= has or not self.room.need[vm.name].get(r, 0)
                   for r, has in self.room.has[host.name].items())

    def free_after(self, vm, host, used):
        """CPU and memory that stay free once the VM is there, each in 1024ths of the mean host (towards 0), summed."""
        free = [((self.room.has[host.name][r] - used[r] - self.room.need[vm.name][r]) * 1024, self.mean[r]) for r in ('cpu', 'memory')]
        return sum(amount // mean if amount >= 0 else -(-amount // mean) for amount, mean in free)

    def share_lacking(self):
        """What is lacking of the share, in 1024ths of the mean host, rounded up, summed over places and CPU and memory."""
        lacking = 0
        if not self.settings.share:
            return lacking
        of = self.settings.share_of
        for place in {h.place.get(of) for h in self.takers}:
            hosts = [h for h in self.takers if h.place.get(of) == place]
            for r in ('cpu', 'memory'):
                has = sum(self.room.has[h.name][r] for h in hosts)
                free = sum(max(self.free(h.name, r), 0) for h in hosts)
                short = max(has * self.settings.share // 1000 - free, 0)
                lacking += -(-short * 1024 // self.mean[r])
        return lacking

    def free(self, host, resource):
        there = sum(self.room.need[v][resource] for v in self.judge.where if host in self.judge.also_at(v))
        return self.room.has[host][resource] - self.room.own[host][resource] - there

    def may_spend(self, m):
        vm = self.cluster.vms[m['vm']]
        host = self.cluster.hosts[vm.home]
        waits = self.settings.maintenance_waits and host.state == 'maintenance' and host.grade < 3
        return (host.seen() and host.emptied_of(vm) and not waits) or self.judge.urgent(vm)

    def after_wave(self, moves):
        """Asked once the wave is over: moves that may spend the reserve first, then the others, one by one."""
        if not self.cases and not self.settings.share:
            return
        where = self.judge.where
        others = [(i, m) for i, m in moves if not self.may_spend(m)]
        for _, m in others:
            where[m['vm']] = m['from']
        self.lacking, self.short = max(self.lacking, self.without_place()), max(self.short, self.share_lacking())
        for _, m in others:
            where[m['vm']] = m['to']
        if others and (self.without_place() > self.lacking or self.share_lacking() > self.short):
            yield others[0][0], 'RESERVE'
