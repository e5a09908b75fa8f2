#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The command line as a person meets it: help, plans from a file, checks, settings, bad files, things that are
# away. Needs no service, no libvirt and no Redis. Argument: the build folder.
set -u
plimsoll=$1/plimsoll
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
cases=0 bad=0

# run STATUS WORDS… — the command ends with STATUS within 20 s; its words are in $dir/out and $dir/err
run() {
        local want=$1
        shift
        cases=$((cases + 1))
        timeout 20 "$@" >"$dir/out" 2>"$dir/err" </dev/null
        local got=$?
        [ $got -eq "$want" ] && return 0
        echo "FAIL: exit $got, not $want: $*"
        head -5 "$dir/out" "$dir/err"
        bad=$((bad + 1))
}
# says FILE PATTERN — what the last command wrote to out or err has it
says() {
        cases=$((cases + 1))
        grep -q -e "$2" "$dir/$1" && return 0
        echo "FAIL: $1 does not say '$2':"
        head -20 "$dir/$1"
        bad=$((bad + 1))
}
same() {
        cases=$((cases + 1))
        cmp -s "$1" "$2" && return 0
        echo "FAIL: $1 and $2 differ"
        bad=$((bad + 1))
}

cat >"$dir/crowded.json" <<'J'
{ "schema": "plimsoll.snapshot/1", "cluster": "demo",
  "hosts": [ { "name": "h1", "cpus": 8, "memory_mib": 32768 },
             { "name": "h2", "cpus": 8, "memory_mib": 32768 },
             { "name": "h3", "cpus": 8, "memory_mib": 32768, "state": "cordoned" } ],
  "vms": [ { "name": "a", "host": "h1", "vcpus": 4, "memory_mib": 4096, "cpu": 2.5 },
           { "name": "b", "host": "h1", "vcpus": 4, "memory_mib": 4096, "cpu": 2.4 },
           { "name": "c", "host": "h1", "vcpus": 4, "memory_mib": 4096, "cpu": 2.3 },
           { "name": "d", "host": "h1", "vcpus": 4, "memory_mib": 4096, "cpu": 0.3 } ] }
J

# ---- help
run 0 "$plimsoll"
says out "keeps every host"
for command in plan check frontier apply snapshot status settings help version; do
        run 0 "$plimsoll" help "$command"
        says out "^Usage: plimsoll $command"
        run 0 "$plimsoll" "$command" --help
done
run 0 "$plimsoll" --version
run 0 "$plimsoll" version --json
says out '"schema": "plimsoll.version/1"'
run 2 "$plimsoll" paln
says err "did you mean plan"
run 2 "$plimsoll" plan --form x
says err "did you mean --from"
run 2 "$plimsoll" plan --max-moves many --from "$dir/crowded.json"
says err "0 to 4000000"
run 2 "$plimsoll" plan
says err "No source given"
run 2 "$plimsoll" plan --from x --hosts y
says err "exclude each other"

# ---- setup: what is no host is told before anything is made or tried
run 2 "$plimsoll" setup x
says err "accepted: libvirt"
run 2 "$plimsoll" setup libvirt
says err "No hosts given. Name them"
run 2 "$plimsoll" setup libvirt h1 h1
says err "given twice"
run 2 "$plimsoll" setup libvirt 'h1;id'
says err "does not make a valid URI with service.uri"
run 2 "$plimsoll" setup libvirt qemu+ssh://-x@h1/system
says err "accepted: a plain name before the @"
run 2 "$plimsoll" setup libvirt h1 --user no-such-user
says err "user no-such-user not found"
run 0 "$plimsoll" setup libvirt test:///default --json
says out '"schema": "plimsoll.setup/1"'
says out '"status": "ok"'

# ---- a plan, twice the same, and what a pipe sees of it
run 0 "$plimsoll" plan --from "$dir/crowded.json"
says out "h1 *4→"
says out "^plan: [0-9]* moves\{0,1\} in "
says out "^nothing has been moved; to carry out a plan: plimsoll apply$"
says out "hosts above their load line: 1 now, 0 after"
cases=$((cases + 1))
if grep -q "$(printf '\033')" "$dir/out"; then
        echo "FAIL: escape sequences in a pipe"
        bad=$((bad + 1))
fi
run 0 "$plimsoll" plan --from "$dir/crowded.json" --json -o "$dir/plan.json"
cp "$dir/out" "$dir/first"
says out '"schema": *"plimsoll.plan/1"'
same "$dir/out" "$dir/plan.json"
run 0 "$plimsoll" plan --from "$dir/crowded.json" --json
same "$dir/out" "$dir/first"
run 0 sh -c "'$plimsoll' plan --from - --json <'$dir/crowded.json'"
same "$dir/out" "$dir/first"
run 0 "$plimsoll" plan --from "$dir/crowded.json" --max-moves 0
says out "hosts above their load line: 1 now, 1 after"
says out "limited by --max-moves: hosts stay above their load line that further moves could relieve"
says out "the limits permit no migration that is worth its cost"
run 0 "$plimsoll" plan --from "$dir/crowded.json" --max-moves 3
says out "hosts above their load line: 1 now, 0 after"
cases=$((cases + 1))
grep -q 'limited by' "$dir/out" && { echo "FAIL: a cap that stops nothing is said to"; bad=$((bad + 1)); }
run 0 "$plimsoll" plan --from "$dir/crowded.json" --json --timing
same "$dir/out" "$dir/first"
says err "^timing: load [0-9.]* s ([0-9.]* s of CPU), plan .* write .* peak memory [0-9]* MiB$"
run 1 "$plimsoll" plan --from "$dir/crowded.json" --json -o /dev/full

# ---- the frontier: each point within its budget, never worse than the one before, and its plan can be made
run 0 "$plimsoll" frontier --from "$dir/crowded.json"
says out "LIMIT"
run 2 "$plimsoll" frontier --from "$dir/crowded.json" --by kilos
says err "--by accepts moves, gib or minutes"
python3 deploy/examples/make_cluster.py --plain hom --hosts 12 --vms 100 >"$dir/dozen.json"
for by in moves gib minutes; do
        file=$dir/dozen.json
        [ $by != moves ] || file=deploy/examples/forty-hosts.json
        run 0 "$plimsoll" frontier --from "$file" --by $by --json
        says out '"schema": "plimsoll.frontier/1"'
        cp "$dir/out" "$dir/frontier"
        cases=$((cases + 1))
        python3 - "$dir/frontier" $by <<'P' || bad=$((bad + 1))
import json, sys
curve, by = json.load(open(sys.argv[1])), sys.argv[2]
price, cap = {"moves": ("move_count", "max_moves"), "gib": ("moved_mib", "max_mib"), "minutes": ("seconds", "max_seconds")}[by]
budget = lambda p: p["budget"][cap]
points = curve["points"]
costs = [list(p["cost"].values()) for p in points]
assert len(points) >= 5 and budget(points[0]) == 0 and budget(points[-1]) is None
assert all(budget(p) is None or p[price] <= budget(p) for p in points), "within the budget"
assert all(a >= b for a, b in zip(costs, costs[1:])), "never worse"
assert all(a["gained"] <= b["gained"] for a, b in zip(points, points[1:]))
assert points[0]["gained"] == 0 and points[-1]["gained"] == 1 and 0 < curve["knee"] < len(points) - 1
P
done
run 0 "$plimsoll" frontier --from "$dir/dozen.json" --by minutes --json
same "$dir/out" "$dir/frontier"
cap=$(python3 -c "
import json, sys
c = json.load(open(sys.argv[1])); k = c['points'][c['knee']]
for name, option, unit in (('max_moves', '--max-moves', 1), ('max_mib', '--max-gib', 1024), ('max_seconds', '--max-minutes', 60)):
    if k['made_with'][name] is not None: print(option, k['made_with'][name] // unit, end='')" "$dir/frontier")
# shellcheck disable=SC2086 # an option and its value
run 0 "$plimsoll" plan --from "$dir/dozen.json" --json $cap # the budget leaves hosts above their line: the plan says how many
cases=$((cases + 1))
python3 - "$dir/frontier" "$dir/out" <<'P' || bad=$((bad + 1))
import json, sys
curve, plan = (json.load(open(f)) for f in sys.argv[1:])
knee = curve["points"][curve["knee"]]
assert knee["cost"] == plan["after"]["cost"] and knee["move_count"] == len(plan["moves"]), (knee, plan["after"])
assert knee["before"] == plan["before"] and knee["after"] == plan["after"], (knee, plan["before"], plan["after"])
assert all(p["before"] == knee["before"] for p in curve["points"])
assert 0 < plan["after"]["over_limit"] < plan["before"]["over_limit"] and plan["after"]["cost"]["repair"] == 0
assert plan["status"] == "repaired", plan["status"]
caps = {"max_moves": "max-moves", "max_mib": "max-gib", "max_seconds": "max-minutes"}
assert plan["limited_by"] == [caps[n] for n, v in knee["made_with"].items() if v is not None], (plan.get("limited_by"), knee["made_with"])
P
for caps in "--max-gib 30" "--max-moves 3" "--max-gib 30 --max-moves 5"; do
        # shellcheck disable=SC2086 # an option and its value
        run 0 "$plimsoll" plan --from "$dir/dozen.json" --json $caps
        cases=$((cases + 1))
        python3 - "$dir/out" "$caps" <<'P' || bad=$((bad + 1))
import json, sys
plan, caps = json.load(open(sys.argv[1])), [w[2:] for w in sys.argv[2].split() if w.startswith("--")]
limits = plan.get("limited_by", [])
assert plan["after"]["over_limit"] > 0 and limits and set(limits) <= set(caps), (plan["after"]["over_limit"], limits, caps)
P
done

# ---- the judge
run 0 "$plimsoll" check "$dir/plan.json" --from "$dir/crowded.json"
says out "^safe"
sed 's/"name": "h2", "cpus": 8/"name": "h2", "state": "maintenance", "cpus": 8/' "$dir/crowded.json" >"$dir/other.json"
run 3 "$plimsoll" check "$dir/plan.json" --from "$dir/other.json"
says out "not safe"
says out "maintenance"
run 3 "$plimsoll" check "$dir/plan.json" --from "$dir/other.json" --json
says out '"safe": false'
run 2 "$plimsoll" check "$dir/crowded.json" --from "$dir/crowded.json"
says err "crowded.json"

# ---- a snapshot of a snapshot gives the same plan; a write that fails leaves the old file
run 0 "$plimsoll" snapshot --from "$dir/crowded.json" -o "$dir/frozen.json"
run 0 "$plimsoll" plan --from "$dir/frozen.json" --json
same "$dir/out" "$dir/first"
run 1 "$plimsoll" snapshot --from "$dir/crowded.json" -o "$dir/no/such/folder.json"
cp "$dir/frozen.json" "$dir/before.json"
run 2 "$plimsoll" snapshot --from "$dir/missing.json" -o "$dir/frozen.json"
same "$dir/frozen.json" "$dir/before.json"
run 1 "$plimsoll" snapshot --from "$dir/crowded.json" -o /dev/full

# ---- status of a file
run 0 "$plimsoll" status --from "$dir/crowded.json"
says out "summary: 1 above the load line"
run 0 "$plimsoll" status --from "$dir/crowded.json" --json
python3 - "$dir/out" <<'P' || bad=$((bad + 1))
import json, sys
for host in json.load(open(sys.argv[1]))['hosts']: # no host has links: their use is not known, and is no other number
    assert host['net_rx_used'] is None and host['net_tx_used'] is None, host
P
says out '"above_load_line": true'
# all that is wrong with a host, the worst first; what matters is counted
cat >"$dir/worst.json" <<'J'
{ "schema": "plimsoll.snapshot/1", "cluster": "demo",
  "hosts": [ { "name": "h1", "cpus": 8, "memory_mib": 32768, "state": "maintenance", "no_entry_why": "one VM is not understood",
               "unread": "smart: no answer", "faults": [ { "device": "sda", "grade": 4, "why": "it is dying" } ] },
             { "name": "h2", "cpus": 8, "memory_mib": 32768 } ],
  "vms": [ { "name": "web1", "host": "h2", "vcpus": 1, "memory_mib": 1024 } ] }
J
run 3 "$plimsoll" status --from "$dir/worst.json" # one VM is not understood
says out "^summary: 0 above the load line, 1 failing, 0 not known, 0 excluded, 0 held$"
says out "fault grade 4: .*it is dying; maintenance; accepts no VM: one VM is not understood; not read: smart: no answer$"

# ---- the version, of each program
for program in plimsoll plimsolld plimsoll-agent; do
        for option in --version -V; do
                run 0 "$(dirname "$plimsoll")/$program" $option
                says out "^$program [0-9]"
        done
done

# ---- help of each program and of each command: 80 columns (a command line that is an example is not broken), examples
helps() { # WORDS…
        run 0 "$@" --help
        if LC_ALL=C.UTF-8 grep -E '^.{81,}' "$dir/out" | grep -v '^  plimsoll'; then
                echo "FAIL: wider than 80 columns: $* --help"
                bad=$((bad + 1))
        fi
        says out '^Examples:$'
}
for program in plimsoll plimsolld plimsoll-agent; do helps "$(dirname "$plimsoll")/$program"; done
for command in $(sed -n 's/^COMMAND(\(.*\))/\1/p' scheduler/app/commands/commands.def); do helps "$plimsoll" "$command"; done
[ "$command" = version ] || { echo "FAIL: no commands in commands.def"; bad=$((bad + 1)); }

# ---- bad files: the file, the field and what is accepted; exit 2; nothing is written
bad_file() { # NAME WORDS-IN-THE-COMPLAINT TEXT
        printf '%s' "$3" >"$dir/$1.json"
        rm -f "$dir/never.json"
        run 2 "$plimsoll" plan --from "$dir/$1.json" -o "$dir/never.json"
        says err "$1.json"
        says err "$2"
        run 2 "$plimsoll" plan --from "$dir/$1.json" --json
        says out '"schema": "plimsoll.error/1"'
        cases=$((cases + 1))
        if [ -e "$dir/never.json" ]; then
                echo "FAIL: a plan was written for $1"
                bad=$((bad + 1))
        fi
}
host='{"name":"h1","cpus":8,"memory_mib":32768}'
head='"schema":"plimsoll.snapshot/1","cluster":"demo"'
bad_file not-json "" 'hello'
bad_file empty "" ''
bad_file wrong-schema "schema" '{"schema":"plimsoll.snapshot/99","cluster":"demo","hosts":[],"vms":[]}'
bad_file wrong-type "hosts\[0\].cpus" "{$head,\"hosts\":[{\"name\":\"h1\",\"cpus\":\"eight\",\"memory_mib\":1}],\"vms\":[]}"
bad_file negative-memory "hosts\[0\].memory_mib" "{$head,\"hosts\":[{\"name\":\"h1\",\"cpus\":8,\"memory_mib\":-1}],\"vms\":[]}"
bad_file too-large "hosts\[0\].memory_mib" "{$head,\"hosts\":[{\"name\":\"h1\",\"cpus\":8,\"memory_mib\":9223372036854775808}],\"vms\":[]}"
bad_file given-twice "given twice" "{$head,\"hosts\":[],\"vms\":[],\"vms\":[]}"
bad_file unknown-host "vms\[0\].host" "{$head,\"hosts\":[$host],\"vms\":[{\"name\":\"v\",\"host\":\"h9\",\"vcpus\":1,\"memory_mib\":1}]}"
bad_file twice "h1" "{$head,\"hosts\":[$host,$host],\"vms\":[]}"
bad_file unknown-field "memory_mib" "{$head,\"hosts\":[{\"name\":\"h1\",\"cpus\":8,\"memory_mb\":1}],\"vms\":[]}"
run 2 "$plimsoll" plan --from "$dir"
run 2 "$plimsoll" plan --from "$dir/missing.json"
says err "No such file"

# ---- what of a host's memory is whose: at the defaults, with exit status
stories=$(dirname "$0")/../scenarios
run 3 "$plimsoll" plan --from "$stories/what-a-host-uses-itself-is-no-room/cluster.json"
says out "^blocked"
says out "h2: lacks 22.8 GiB of memory"
run 0 "$plimsoll" capacity --vcpus 2 --memory 8GiB --from "$stories/what-a-host-uses-itself-is-no-room/cluster.json"
says out "^0 more VMs"
says out "h2  *0  lacks 7.4 GiB of memory"
run 3 "$plimsoll" plan --from "$stories/a-host-that-nobody-measured-keeps-some-memory/cluster.json"
says out "h2: lacks 572 MiB of memory"
run 0 "$plimsoll" plan --set memory.keep_for_host=0MiB --set memory.per_vm=0MiB --from "$stories/a-host-that-nobody-measured-keeps-some-memory/cluster.json"
says out "^plan: .*, to empty hosts$"
says out "its memory ends at 100 %"
run 0 "$plimsoll" plan --from "$stories/a-pool-of-huge-pages-is-no-ordinary-memory/cluster.json"
says out "^plan: .*, to empty hosts$"
run 0 "$plimsoll" plan --from "$stories/guests-on-huge-pages-move-for-balance/cluster.json"
says out "^plan: .*, for better balance$"
run 0 "$plimsoll" plan --from "$stories/a-cache-that-grew-moves-no-vm/cluster.json"
says out "^balanced"

# ---- settings
printf 'load:\n  headroom_cpu: 30%%  # more than the default\n' >"$dir/good.yaml"
run 0 "$plimsoll" settings check --settings "$dir/good.yaml"
says out "1 value differs"
printf 'load:\n  hedroom_cpu: 30%%\n' >"$dir/bad.yaml"
run 2 "$plimsoll" settings check --settings "$dir/bad.yaml"
says err "bad.yaml:2:3: load.hedroom_cpu"
says err "did you mean load.headroom_cpu"
printf 'load:\n  headroom_cpu: lots\n' >"$dir/bad.yaml"
run 2 "$plimsoll" plan --settings "$dir/bad.yaml" --from "$dir/crowded.json"
says err "bad.yaml:2:17: load.headroom_cpu"
run 2 "$plimsoll" plan --set load.headroom_cpu --from "$dir/crowded.json"
says err "KEY=VALUE"
run 0 "$plimsoll" settings show --set load.headroom_cpu=33%
cp "$dir/out" "$dir/shown.yaml"
run 0 "$plimsoll" settings check --settings "$dir/shown.yaml"
says out "1 value differs"
run 0 "$plimsoll" settings doc
says out "load.headroom_cpu"
run 2 "$plimsoll" settings chekc
says err "did you mean check"

# ---- what is away is said in seconds, by name
run 1 "$plimsoll" plan --redis redis://127.0.0.1:1
says err "127.0.0.1:1"
run 1 "$plimsoll" plan --redis "unix://$dir/no.sock"
says err "no.sock"
run 1 "$plimsoll" status --redis redis://127.0.0.1:1 --json
says out '"schema": "plimsoll.error/1"'
run 2 "$plimsoll" plan --redis gopher://x
run 1 "$plimsoll" plan --hosts qemu+tcp://127.0.0.1:1/system
says err "127.0.0.1"

# ---- hosts are selected on the command line as in rules
sed 's/"name": "h1",/"name": "h1", "labels": ["disk=ssd", "rack\/unit=7"],/' "$dir/crowded.json" >"$dir/labels.json"
run 0 "$plimsoll" snapshot --from "$dir/labels.json"
says out '"labels": \["disk=ssd", "rack/unit=7"\]'
run 0 "$plimsoll" status --from "$dir/labels.json" --json
says out '"disk=ssd"'
run 0 "$plimsoll" explain --from "$dir/labels.json" a h2
says out '^labels of h1: disk=ssd, rack/unit=7$'
run 0 "$plimsoll" explain --from "$dir/labels.json" a h2 --json
says out '"disk=ssd"'
run 3 "$plimsoll" evacuate --dry-run --from "$dir/labels.json" label:disk=ssd h2
says out 'h1 .*maintenance'
says out 'h2 .*maintenance'
run 3 "$plimsoll" plan --from "$dir/labels.json" --lost 'h?,!label:disk,!h3'
says out '^what if h2 is lost$'
run 0 "$plimsoll" plan --from "$dir/labels.json" --set 'rule=on: d, hosts: "label:disk=tape"'
says out 'selects no host; its VMs stay'
run 0 "$plimsoll" faults --from "$dir/labels.json" 'label:disk' h2
says out '^h1: grade 0'
for words in h9 label:disk=tape gruop:x '!*'; do
        run 2 "$plimsoll" evacuate --dry-run --from "$dir/labels.json" "$words"
        run 2 "$plimsoll" plan --from "$dir/labels.json" --without "$words"
        says err "^plimsoll plan: --without: "
done
run 2 "$plimsoll" evacuate --dry-run --from "$dir/labels.json" h9
says err 'host h9 not found in cluster demo (did you mean h1?)'
# a host that does not answer: that no VM of it is known does not mean that it is empty
run 3 "$plimsoll" evacuate --dry-run --hosts qemu+tcp://nowhere.invalid:1/system,test:///default nowhere.invalid
says err "nowhere.invalid: libvirtd does not respond.* The VMs on it are unknown; nothing was moved"
sed -i 's/"disk=ssd", /"disk=ssd", "disk=hdd", /' "$dir/labels.json"
run 2 "$plimsoll" plan --from "$dir/labels.json"
says err 'labels.json: hosts\[0\].labels: .*set one key twice'

# ---- apply moves nothing on old facts, and nothing without a yes
run 2 "$plimsoll" apply --from "$dir/crowded.json" --yes
says err "Use --hosts or --redis"

[ $bad -eq 0 ] && echo "$cases checks of the command line hold"
exit $((bad > 0))
