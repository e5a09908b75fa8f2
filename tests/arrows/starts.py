#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Commands that can start moves are in scheduler/app/commands/starts_moves.def, each asks whether all moves are stopped,
and nothing but the mover and what takes up a broken post-copy gives an executor something to do."""
import os
import re
import sys

root = sys.argv[1] if len(sys.argv) > 1 else "."
here = os.path.join(root, "scheduler/app/commands")
# What starts moves: the mover itself; and what a service goes by (a host's mark, a person's yes).
GATES = ("mover_run", "store_change_mark", "store_set_mark", "store_put_answer",
         "brake_store_release", "hold_store_retry", "store_put_asked", "store_put_handed",
         "host_maintenance_enter", "host_maintenance_exit", "roll_cordon")


def text_of(path):
    with open(path, encoding="utf-8") as f:
        return re.sub(r"/\*.*?\*/", " ", f.read(), flags=re.S)


texts = {f[:-2]: text_of(os.path.join(here, f)) for f in os.listdir(here) if f.endswith(".c")}
functions = {}  # name of a public function: its file
for stem, text in texts.items():
    for name in re.findall(r"^(?!static)\w[\w \*]*?\b(\w+)\([^;{]*\)\s*\{", text, flags=re.M):
        functions[name] = stem


def calls(stem):
    return set(re.findall(r"\b(\w+)\s*\(", texts[stem]))


def reaches(stem, wanted, seen):
    if stem in seen:
        return False
    seen.add(stem)
    used = calls(stem)
    if used & set(wanted):
        return True
    return any(functions[c] != stem and reaches(functions[c], wanted, seen) for c in used if c in functions)


bad = []
table = set(re.findall(r"^STARTS\((\w+), \w+, \w+\)", text_of(os.path.join(here, "starts_moves.def")), flags=re.M))
commands = set(re.findall(r"^COMMAND\((\w+)\)", text_of(os.path.join(here, "commands.def")), flags=re.M))
for c in sorted(commands):
    starts = reaches("cmd_" + c, GATES, set())
    if starts and c not in table:
        bad.append(f"plimsoll {c} can start moves, and is not in starts_moves.def")
    if not starts and c in table:
        bad.append(f"plimsoll {c} is in starts_moves.def, and starts nothing")
    if c in table and not reaches("cmd_" + c, ("stopped_check", "stopped_words"), set()):
        bad.append(f"plimsoll {c} starts moves, and does not ask whether all are stopped (stopped.h)")
moves = dict(re.findall(r"^MOVES\((\w+), \w+, (\w+)\)", text_of(os.path.join(here, "moves_of.def")), flags=re.M))
for c in sorted(commands & set(moves)):
    if (c in table) != (moves[c] in ("OFF", "SERVICE")) and c not in ("apply",):
        bad.append(f"plimsoll {c} is {moves[c]} in moves_of.def, and is {'' if c in table else 'not '}in starts_moves.def")
for c in sorted(table - commands):
    bad.append(f"starts_moves.def names {c}, which is no command")

# Who gives an executor a migration: the waves, and a post-copy that broke off (a move that runs, not a new one).
MAY = {"scheduler/act/run_waves.c", "scheduler/app/round/resume_move.c"}
WAVES = {"scheduler/app/round/mover.c", "scheduler/act/run_waves.c"}
for folder, _, files in os.walk(os.path.join(root, "scheduler")):
    for f in files:
        path = os.path.relpath(os.path.join(folder, f), root)
        if not f.endswith(".c"):
            continue
        text = text_of(os.path.join(root, path))
        if re.search(r"executor->start\(", text) and path not in MAY:
            bad.append(f"{path} starts a migration by itself: only the mover does, which asks whether all are stopped")
        if re.search(r"\brun_waves\(", text) and path not in WAVES:
            bad.append(f"{path} runs waves by itself: only the mover does")
for f, asks in (("mover_journal.c", "store_journal_intent("), ("mover_start.c", "stop_watch_look(")):
    if asks not in text_of(os.path.join(root, "scheduler/app/round", f)):
        bad.append(f"{f} does not ask whether all moves are stopped")
print("\n".join(bad))
sys.exit(1 if bad else 0)
