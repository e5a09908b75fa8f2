#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who takes part in a cluster: hosts are seen, admitted, found to be another machine, forgotten; and what strangers and liars
# with a report to write can do to the others. Needs redis-server. Argument: the build folder.
set -u
B=$1
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
redis() { redis-cli -s "$D/r.sock" "$@"; }
for _ in $(seq 100); do redis ping >/dev/null 2>&1 && break; sleep 0.05; done
bad=0
check() { # WHAT COMMAND…
	local what=$1
	shift
	if "$@"; then echo "ok      $what"; else echo "FAILED  $what"; cat "$D/out"; bad=1; fi
}
ends() { # STATUS COMMAND…
	local want=$1
	shift
	"$@" >"$D/out" 2>&1
	local got=$?
	[ $got = "$want" ] || { echo "exit $got"; return 1; }
}
says() { grep -Eq -- "$1" "$D/out"; }
plimsoll() { timeout 60 "$B/plimsoll" "$@" --redis "unix://$D/r.sock"; }
# HOST [cpus=N] [mem=MIB] [uuid=U] [lines=TEXT] [grade=N] VM…: its agent's report; a VM is NAME[:UUID]
report() {
	local now host=$1 cpus=16 mem=65536 uuid='' grade='' lines='' n=0 vm name vm_uuid key=
	now=$(date +%s%6N)
	shift
	local vms=
	for vm; do
		case $vm in
		cpus=*) cpus=${vm#*=} ;; mem=*) mem=${vm#*=} ;; uuid=*) uuid=${vm#*=} ;; grade=*) grade=${vm#*=} ;; key=*) key=${vm#*=} ;;
		lines=*) lines=${vm#*=} ;;
		*)
			name=${vm%%:*} vm_uuid=${vm#*:}
			[ "$vm_uuid" != "$vm" ] || vm_uuid=$(printf %s "$name" | md5sum | sed -E 's/(.{8})(.{4})(.{4})(.{4})(.{12}).*/\1-\2-\3-\4-\5/')
			vms+=$(printf 'vm.uuid\t%s\t%s\nvm.state\t%s\trunning\nvm.vcpus\t%s\t2\nvm.memory\t%s\t2048\nvm.cpu\t%s\t300\nvm.dirty\t%s\t0\n ' \
				"$name" "$vm_uuid" "$name" "$name" "$name" "$name" "$name")
			vms=${vms% } n=$((n + 1))
			;;
		esac
	done
	{
		printf 'plimsoll.report/1 %s sent=%s seq=1 every=600000000\n@host %s\nhost.cpus\t\t%s\nhost.daemon\t\t1\nhost.cpu.busy\t\t%s\nhost.uuid\t\t%s\n' \
			"$host" "$now" "$now" "$cpus" $((300 * n)) "${uuid:-machine-$host}"
		printf '@memory %s\nhost.memory.total\t\t%s\nhost.memory.available\t\t%s\n@vms %s\n%s%b' "$now" "$mem" $((mem - 2048 * n - 512)) "$now" "$vms" "$lines"
		[ -z "$grade" ] || printf '@faults_d %s\nfault.grade\tpsu\t%s\nfault.why\tpsu\tburnt\n' "$now" "$grade"
	} >"$D/report"
	redis -x set "plimsoll:{default}:report:${key:-$host}" <"$D/report" >/dev/null
}
service() { # one round, of a service that only looks; its log is in $D/log
	timeout 60 "$B/plimsolld" --once --redis "unix://$D/r.sock" --mode advise --state-dir "$D/state" --set service.hold=0s "$@" >"$D/log" 2>&1
}
logs() { grep -Eq -- "$1" "$D/log"; }
moves_to() { plimsoll plan --json 2>/dev/null | grep -c "\"to\": \"$1\""; }
three() { # h1 is crowded
	report h1 a1 a2 a3 a4 a5 a6 a7 a8 "$@"
	report h2 b1
	report h3 c1
}

# ---- the first day ----
three
service
check "hosts that nobody admitted are only seen, and the service says so" logs 'host.seen host=h1 why="it is not admitted; to admit it: plimsoll host admit h1"'
check "then there is no plan" ends 3 plimsoll plan
check "and status says what to do" ends 3 plimsoll status
check "(how many)" says '3 of 3 hosts excluded \(3 not admitted: plimsoll host list\)'
check "the list has them" ends 0 plimsoll host list
check "(seen)" says '^h1 +seen +- +- +16 +64 GiB +8 .* machine-h1 '
check "all are admitted" ends 0 plimsoll host admit --all --why 'the first day'
check "(it says whom)" says '^h3 is admitted$'
check "the list says by whom" ends 0 plimsoll host list --json
check "(JSON)" says '"state": "admitted"'
check "(who)" says '"by": "[^"]+@'
check "and they are planned with" ends 0 plimsoll plan
check "again changes nothing" ends 0 plimsoll host admit h1 h2
check "(it says so)" says 'h2 is admitted already'
service
check "a service has nothing to say of them" bash -c "! grep -q host.seen '$D/log'"

# ---- a stranger ----
report zz-evil cpus=1048576 mem=1099511627776
for h in 1 2 3; do report h$h $([ $h = 1 ] && echo a1 a2 a3 a4 a5 a6 a7 a8 || echo b$h) grade=4; done
check "a stranger with endless room attracts nothing, also where all others are said to fail" [ "$(moves_to zz-evil)" = 0 ]
three
check "nor from an operator's evacuate" ends 0 plimsoll evacuate h1 --dry-run
check "(nothing goes there)" bash -c "! grep -Eq 'h[0-9] +zz-evil' '$D/out'"
report zz-evil cpus=64 mem=262144 a1 a2 a3:00000000-0000-4000-8000-000000000001 own
check "its claims take no VM off its host" ends 0 plimsoll evacuate h1 --dry-run --json
check "(all of h1's go)" [ "$(grep -c '"from": "h1"' "$D/out")" = 8 ]
check "what only it has is known" ends 0 plimsoll explain own
check "a stranger is not emptied" ends 3 plimsoll evacuate zz-evil --dry-run
check "(it says why)" says 'zz-evil is excluded: it is not admitted; to admit it: plimsoll host admit zz-evil'
check "nor put into maintenance" ends 3 plimsoll maintenance enter zz-evil
check "nor rolled" ends 3 plimsoll maintenance roll zz-evil h1 --run true
plimsoll snapshot -o "$D/facts.json" >/dev/null 2>&1
check "a snapshot file says it" grep -q '"fence": "seen"' "$D/facts.json"
check "and plans from it like the service" ends 0 "$B/plimsoll" plan --from "$D/facts.json" --json
check "(nothing goes there)" bash -c "! grep -q '\"to\": \"zz-evil\"' '$D/out'"

# ---- names that are admitted by themselves ----
report zz-evil
redis del 'plimsoll:{default}:report:zz-evil' >/dev/null
report rack1-4
service --set 'cluster.hosts=rack1-*, x?'
check "a name that fits cluster.hosts is admitted, and that is said" logs 'host.admitted host=rack1-4 by=[^ ]+ uuid=machine-rack1-4 cpus=16 memory_mib=65536 why="its name matches cluster.hosts"'
check "once and for good" ends 0 plimsoll host list rack1-4
check "(admitted)" says '^rack1-4 +admitted'

# ---- another machine, a larger one ----
report rack1-4 uuid=another
service --set 'cluster.hosts=*'
check "a host with another machine's UUID is seen again" logs 'host.seen host=rack1-4 why="it is a different machine: its UUID is another, admitted: machine-rack1-4'
report rack1-4 cpus=32
check "so is one of twice the CPUs" ends 0 plimsoll host list
check "(seen)" says '^rack1-4 +seen.*it now has 32 CPUs, 16 when admitted'
check "it is admitted as what it is" ends 0 plimsoll host admit rack1-4
check "and takes part" bash -c "! '$B/plimsoll' host list --redis 'unix://$D/r.sock' | grep -q ' seen '"

# ---- two names of one machine ----
report h9 uuid=machine-h1
check "of two names of one machine" ends 0 plimsoll host list
check "the first admitted goes on" says '^h1 +admitted'
check "the other does not" says '^h9 +seen.*it is the same machine as h1 \(UUID machine-h1\), which was admitted earlier'
check "it is not admitted" ends 3 plimsoll host admit h9
check "(why)" says 'h9 is not admitted: same machine as h1'
for host in h1 h9; do
	check "nobody evacuates $host" ends 3 plimsoll evacuate $host --dry-run
	check "(which of them?)" says 'are the same machine \(UUID machine-h1\), so it is not clear which one is meant'
	check "nor rolls it" ends 3 plimsoll maintenance roll $host --run true
done
service
redis del 'plimsoll:{default}:report:h9' >/dev/null
check "one is forgotten" ends 0 plimsoll host forget h9 --why 'it was h1 all the time'
service
check "by the service, in its next round" logs 'host.forgotten host=h9'
check "the other is as it was" ends 0 plimsoll evacuate h1 --dry-run
check "a name that is not there" ends 2 plimsoll host forget h8
check "a word that is none" ends 2 plimsoll host admitt h1
check "(did you mean)" says 'did you mean admit'
check "an address that cannot stand in a URI" ends 2 plimsoll host admit h1 --address '10.0.0.1/system?command=/x'
check "one that can" ends 0 plimsoll host admit h1 --address 10.0.0.1
check "is what the host is reached by" bash -c "'$B/plimsoll' snapshot --redis 'unix://$D/r.sock' -o - | grep -q 'qemu+tls://10.0.0.1/system'"
check "admit wants hosts" ends 2 plimsoll host admit
check "without Redis there is nothing to admit" ends 2 "$B/plimsoll" host list --from "$D/facts.json"

# ---- one that was admitted, and lies ----
three grade=4
report h3 a1 a2 a3 # h1's VMs, which h1 must give away
check "a claim takes no VM off a host that must be left: what cannot leave is said" ends 3 plimsoll plan --json
check "(blocked)" says '"status": "blocked"'
for vm in a1 a2 a3; do
	check "($vm)" says "\"vm\": \"$vm\", \"to\": null, \"reason\": \"VM_DOUBLED\", \"text\": \"the VM runs on several hosts at once"
done
check "(the others go)" [ "$(grep -c '"from": "h1"' "$D/out")" -ge 5 ]
check "so by evacuate" ends 3 plimsoll evacuate h1 --dry-run
check "status names who says what" ends 3 plimsoll status
check "(text)" says 'ALARM: VM a1 runs on h1 and h3 at once'
check "(JSON)" bash -c "'$B/plimsoll' status --json --redis 'unix://$D/r.sock' | tr -d ' \n' | grep -q '{\"vm\":\"a1\",\"hosts\":\[\"h1\",\"h3\"\]}'"
report h3 c1 lines='vm.job\tc1\tmigration-out\n' a1 a2
report h3 a1 a2 lines='vm.job\ta1\tmigration-out\nvm.job\ta2\tmigration-out\n'
check "nor does one that says the VM is leaving it" ends 3 plimsoll plan --json
check "(a1)" says '"vm": "a1"'
report h3 a1:00000000-0000-4000-8000-000000000001 a2:00000000-0000-4000-8000-000000000002
check "a name alone holds no VM back" ends 0 plimsoll evacuate h1 --dry-run --json
check "(all eight go)" [ "$(grep -c '"from": "h1"' "$D/out")" = 8 ]
three
report h3 c1 "other:$(redis get 'plimsoll:{default}:report:h1' | awk '$1 == "vm.uuid" && $2 == "a1" { print $3 }')"
check "VMs of one UUID under two names are named" ends 0 plimsoll status
check "(both)" says '^a1: on h1, has the UUID of other on h3'
three

# ---- a record that nobody understands ----
redis hset 'plimsoll:{default}:hosts:admitted' h2 '{"schema": "plimsoll.admission/9"}' >/dev/null
check "a record that cannot be read admits nobody" ends 0 plimsoll host list
check "(why)" says '^h2 +seen.*cannot be read'
check "it is written anew" ends 0 plimsoll host admit h2

# ---- a version of before: the service knows its hosts, and nobody has admitted any ----
redis flushall >/dev/null
three
redis sadd 'plimsoll:{default}:hosts' h1 h2 h3 silent >/dev/null
check "before the new service has begun, known hosts are planned with" ends 0 plimsoll plan
report stranger
service
check "hosts that it knows are admitted at the upgrade" logs 'host.admitted host=h2 .*why="it was there before admission was introduced"'
check "silent ones, too" logs 'host.admitted host=silent by=[^ ]+ uuid= cpus=-1'
check "a host that comes with the upgrade is not" logs 'host.seen host=stranger'
report silent cpus=8
report later
service
check "what is not known is filled in when it speaks" logs 'host.admitted host=silent by=[^ ]+ uuid=machine-silent cpus=8'
check "from then on new ones are seen" logs 'host.seen host=later'
[ $bad = 0 ]
