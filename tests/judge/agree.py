#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Asks both judges of random plans, and says where they differ (README.md here).
  tests/judge/agree.py RANDOM_PLANS FIRST LAST [--all]"""
import collections
import json
import subprocess
import sys

from judge import judge


OF_THE_END = {'RULE_TOGETHER', 'RULE_NEAR'}  # of no wave
OF_SEVERAL = {'RULE_APART', 'RULE_SPREAD', 'RESERVE'}


def differs(line):
    """None, or in what the two judges differ about the plan of the line."""
    waves = [m['wave'] for m in line['moves']]
    theirs = {(o['move'], o['reason']) for o in line['objections']}
    ours = {(move, reason) for _, move, reason in judge(line['snapshot'], line['settings'], line['moves'])}
    if bool(ours) != bool(theirs):
        return f'theirs {sorted(theirs)}, ours {sorted(ours)}'
    if not ours:
        return None
    if {r for _, r in theirs | ours} <= OF_THE_END:
        return None if {r for _, r in theirs} & {r for _, r in ours} else f'theirs {sorted(theirs)}, ours {sorted(ours)}'
    theirs, ours = ({(m, r) for m, r in found if r not in OF_THE_END} for found in (theirs, ours))
    first = min(waves[move] for move, _ in theirs | ours)
    theirs, ours = ({(m, r) for m, r in found if waves[m] == first} for found in (theirs, ours))
    for move in {m for m, _ in theirs | ours}:
        ours_of, theirs_of = ({r for m, r in found if m == move} for found in (ours, theirs))
        # which of the moves that together break a rule, or spend the reserve, is named, is free
        if not ours_of & theirs_of and not (not theirs_of and ours_of <= OF_SEVERAL & {r for _, r in theirs}):
            return f'in wave {first + 1}: theirs {sorted(theirs)}, ours {sorted(ours)}'
    return None


def main():
    tool, first, last = sys.argv[1:4]
    refused = judged = differ = 0
    kinds = collections.Counter()
    with subprocess.Popen([tool, first, last], stdout=subprocess.PIPE, text=True) as plans:
        for text in plans.stdout:
            line = json.loads(text)
            judged += 1
            refused += bool(line['objections'])
            kinds.update({o['reason'] for o in line['objections']})
            said = differs(line)
            if said:
                differ += 1
                print(f'seed {line["seed"]} ({line["made"]}): {said}')
    print(f'{judged} plans, {refused} refused, {differ} differ; refused for {dict(kinds.most_common())}')
    if plans.returncode or judged != int(last) - int(first) + 1:
        print(f'{tool} ended before its time: {plans.returncode}')
        return 1
    if judged >= 50 and not 0.25 * judged <= refused <= 0.7 * judged:
        print('the plans are not what is to be asked: both kinds, and none rare')
        return 1
    return 1 if differ else 0


if __name__ == '__main__':
    sys.exit(main())
