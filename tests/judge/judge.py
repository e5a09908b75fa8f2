#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The second judge: is a plan safe, by the documents alone. See README.md here.
  tests/judge/judge.py CLUSTER.json PLAN.json [KEY=VALUE...]"""
import itertools
import json
import sys

import fit
import reserve
import rules
from facts import Cluster, Settings
from room import Room


class Judge:
    def __init__(self, snapshot, said):
        self.settings = Settings(said)
        self.cluster = Cluster(snapshot, self.settings)
        self.room = Room(self.cluster)
        self.where = {vm.name: vm.home for vm in self.cluster.vms.values()}
        self.start = dict(self.where)
        self.objections = []  # (wave, move, reason)
        for rule in self.cluster.rules:
            rule.beyond = max(len(self.span_places(rule, [self.start[v] for v in rule.vms], False)) - rule.k, 0)
        self.overfull = {host for host in self.cluster.hosts if self.is_overfull(host)}

    def object(self, wave, move, reason):
        if (wave, move, reason) not in self.objections:
            self.objections.append((wave, move, reason))

    def plan(self, moves):
        self.reserve = reserve.Reserve(self)
        for wave in sorted({m['wave'] for m in moves}):
            self.wave(wave, [(i, m) for i, m in enumerate(moves) if m['wave'] == wave])
        self.at_end(moves)
        return self.objections

    def known(self, wave, moves):
        """The moves of VMs and hosts that there are, from where these are."""
        good, seen = [], set()
        for i, m in moves:
            if m['vm'] not in self.cluster.vms:
                self.object(wave, i, 'UNKNOWN_VM')
            elif m['to'] not in self.cluster.hosts or m['from'] not in self.cluster.hosts:
                self.object(wave, i, 'UNKNOWN_HOST')
            elif m['from'] != self.where[m['vm']] or m['to'] == m['from']:
                self.object(wave, i, 'NOT_THERE')
            elif m['vm'] in seen:
                self.object(wave, i, 'MOVED_TWICE')
            else:
                good.append((i, m))
                seen.add(m['vm'])
        return good

    def also_at(self, vm):
        """Hosts that hold the VM while it stays where it is."""
        v = self.cluster.vms[vm]
        return {self.where[vm]} | ({v.flies_to} if v.flies_to else set())

    def wave(self, wave, moves):
        moves = self.known(wave, moves)
        for i, m in moves:
            vm, source, target = (self.cluster.vms[m['vm']], self.cluster.hosts[m['from']], self.cluster.hosts[m['to']])
            home = self.cluster.hosts[vm.home]
            for reason in list(fit.may_leave(vm, source, self.settings)) + list(fit.may_enter(vm, home, target)):
                self.object(wave, i, reason)
            if target.numa and self.room.unkept(vm):
                self.object(wave, i, 'NUMA_ROOM')
            if target.grade == 1 and home.grade < 1 and not self.urgent(vm):
                self.object(wave, i, 'HOST_WATCHED')
        self.room_in(wave, moves)
        self.rules_in(wave, moves)
        for _, m in moves:
            self.where[m['vm']] = m['to']
        for i, reason in self.reserve.after_wave(moves):
            self.object(wave, i, reason)

    def broken_for(self, rule, vm):
        """Whether the rule is broken when the plan begins; one about hosts, by this VM."""
        if rule.kind in ('on', 'not-on'):
            return self.forbidden(rule, self.start[vm.name])
        return rules.broken(rule, {v: self.place(self.start[v], rule) for v in rule.vms | rule.near}) > 0

    def forbidden(self, rule, host):
        return (host in rule.hosts) == (rule.kind == 'not-on')

    def is_overfull(self, host):
        vms = [v for v in self.where if host in self.also_at(v)]
        return any(self.room.own[host][r] + sum(self.room.need[v].get(r, 0) for v in vms) > has
                   for r, has in self.room.has[host].items() if not r.startswith('numa'))

    def urgent(self, vm):
        """It has part in a broken rule, or is on an overfull host."""
        return any(r.must and vm.name in r.vms | r.near and self.broken_for(r, vm) for r in self.cluster.rules) or \
            vm.home in self.overfull

    def room_in(self, wave, moves):
        for host in self.cluster.hosts:
            move_of = {m['vm']: i for i, m in moves if m['to'] == host}
            there = {v for v in self.where if host in self.also_at(v)}
            for vm, resource, alone in self.room.lacking(host, there, set(move_of)):
                self.object(wave, move_of[vm], self.room.reason(resource, alone))

    def rules_in(self, wave, moves):
        for rule in self.cluster.rules:
            mine = [(i, m) for i, m in moves if m['vm'] in rule.vms | rule.near]
            if not rule.must or not mine:
                continue
            if rule.kind in ('on', 'not-on'):
                for i, m in mine:
                    if self.forbidden(rule, m['to']) and not self.forbidden(rule, m['from']) and not self.waived(rule, m['vm']):
                        self.object(wave, i, 'RULE_HOSTS')
            if rule.kind == 'span':
                self.span_in(wave, rule, mine)
            if rule.kind not in ('apart', 'spread', 'avoid'):
                continue
            mine = [(i, m) for i, m in mine if not self.waived(rule, m['vm'])]
            members = {v for v in rule.vms | rule.near if not (self.waived(rule, v) and any(m['vm'] == v for _, m in moves))}
            at = {v: {self.place(h, rule) for h in self.also_at(v)} for v in members}
            during = {v: at[v] | {self.place(m['to'], rule) for _, m in moves if m['vm'] == v} for v in members}
            ways = [(i, m['vm'], self.place(m['from'], rule), self.place(m['to'], rule)) for i, m in mine]
            for i in rules.worsened(rule, ways, at, during):
                self.object(wave, i, rules.OF_KIND[rule.kind])

    def is_emptied(self, name):
        host = self.cluster.hosts[name]
        return host.seen() and (host.state == 'maintenance' or host.grade >= 3)

    def span_places(self, rule, hosts, emptied):
        return {self.place(h, rule) for h in hosts if emptied or not self.is_emptied(h)}

    def span_in(self, wave, rule, mine):
        """In at most k places, of emptied hosts none, and k + 1 with these, or in no more than when the wave began."""
        out = {m['vm'] for _, m in mine if self.waived(rule, m['vm'])}
        before = [h for v in rule.vms - out for h in self.also_at(v)]
        during = before + [m['to'] for _, m in mine if m['vm'] not in out]
        for emptied, most in (False, rule.k), (True, rule.k + 1):
            more = self.span_places(rule, during, emptied) - self.span_places(rule, before, emptied)
            if more and len(self.span_places(rule, during, emptied)) > most:
                for i, m in mine:
                    self.object(wave, i, 'RULE_SPAN')

    def place(self, host, rule):
        return self.cluster.hosts[host].place[rule.level]

    def waived(self, rule, vm):
        vm = self.cluster.vms[vm]
        return rule.evacuate and self.where[vm.name] == vm.home and self.cluster.hosts[vm.home].emptied_of(vm)

    def flights_ended(self, rule, at):
        """Where the VMs of the rule are, in each way in which flights may end."""
        vms = sorted(rule.vms | rule.near)
        ways = [{at[v], self.cluster.vms[v].flies_to or at[v]} for v in vms]
        for hosts in itertools.product(*map(sorted, ways)):
            yield {v: self.place(h, rule) for v, h in zip(vms, hosts)}

    def at_end(self, moves):
        for rule in self.cluster.rules:
            if not rule.must or rule.kind not in ('together', 'near'):
                continue
            before, after = (max(rules.broken(rule, place) for place in self.flights_ended(rule, at)) for at in (self.start, self.where))
            if after > before:
                for i, m in enumerate(moves):
                    if m['vm'] in rule.vms | rule.near:
                        self.object(m['wave'], i, rules.OF_KIND[rule.kind])


def judge(snapshot, settings, moves):
    """[(wave, move, reason)]: none, and the plan is safe."""
    return Judge(snapshot, settings).plan(moves)


def main():
    snapshot, plan = (json.load(open(path, encoding='utf-8')) for path in sys.argv[1:3])
    said = dict(word.split('=', 1) for word in sys.argv[3:])
    found = judge(snapshot, said, plan['moves'])
    for wave, i, reason in found:
        m = plan['moves'][i]
        print(f'wave {wave + 1}: {m["vm"]} from {m["from"]} to {m["to"]}: {reason}')
    print('refused' if found else 'accepted')
    return 3 if found else 0


if __name__ == '__main__':
    sys.exit(main())
