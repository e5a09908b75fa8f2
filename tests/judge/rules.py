# SPDX-License-Identifier: Apache-2.0
"""Rules that must hold (docs/judge.md, docs/rules.md): by how much one is broken."""

OF_KIND = {'apart': 'RULE_APART', 'avoid': 'RULE_APART', 'together': 'RULE_TOGETHER', 'spread': 'RULE_SPREAD',
           'near': 'RULE_NEAR', 'span': 'RULE_SPAN', 'on': 'RULE_HOSTS', 'not-on': 'RULE_HOSTS'}


def worsened(rule, ways, before, during):
    """Which moves (number, VM, place left, place entered) may break the rule further. before[vm], during[vm]: the places that
    one may be in as the wave begins, and until it has ended."""
    worse = [move for move, vm, left, entered in ways if left != entered and meets(rule, vm, left, entered, during)]
    if rule.kind == 'spread' and fewest(before) - len(worse) >= rule.k:
        return []
    return worse


def meets(rule, vm, left, entered, during):
    """Another one may be where it comes to; and, unless these are of two groups, none surely stays where it leaves."""
    if rule.kind == 'avoid':
        others = rule.near if vm in rule.vms else rule.vms
        return any(entered in during[other] for other in others if other in during)
    others = [places for other, places in during.items() if other != vm]
    return any(entered in places for places in others) and {left} not in others


def fewest(at):
    """In how many places VMs are at least."""
    sure = {next(iter(places)) for places in at.values() if len(places) == 1}
    return max(len(sure), 1 if at else 0)


def broken(rule, place):
    """By how much the rule is broken where place[vm] is where each VM is."""
    at = [place[vm] for vm in sorted(rule.vms)]
    near = {place[vm] for vm in rule.near}
    if rule.kind == 'apart':
        return len(at) - len(set(at))
    if rule.kind == 'together':
        return max(len(set(at)) - 1, 0)
    if rule.kind == 'span':
        return rule.beyond  # at the beginning; waves are counted by hosts
    if rule.kind == 'spread':
        return max(rule.k - len(set(at)), 0)
    if rule.kind == 'avoid':
        return sum(place in near for place in at)
    return sum(place not in near for place in at)
