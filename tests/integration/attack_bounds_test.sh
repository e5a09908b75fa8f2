#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# One odd name, one absurd number, one endless report: it is left out and named, and no other host is seen the less.
# Needs redis-server. Argument: the build folder. MUCH=1 (tests/long/attack_bounds): as large as the attacks were, and not
# just above the bounds.
set -u
B=$1
MUCH=${MUCH:-}
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
cli() { redis-cli -s "$D/r.sock" "$@"; }
for _ in $(seq 100); do cli ping >/dev/null 2>&1 && break; sleep 0.05; done
bad=0
check() { # WHAT COMMAND…
	local what=$1
	shift
	if "$@"; then echo "ok      $what"; else echo "FAILED  $what"; bad=1; fi
}
key() { echo "plimsoll:{default}:$1"; }
now() { date +%s%6N; }
report() { # HOST VM: healthy, fresh for an hour
	local t
	t=$(now)
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=1200000000\n@host %s\nhost.cpus\t\t8\nhost.daemon\t\t1\nhost.cpu.busy\t\t900\n@memory %s\nhost.memory.total\t\t16384\nhost.memory.available\t\t12000\n@vms %s\n' \
		"$1" "$t" "$t" "$t" "$t"
	[ -z "$2" ] || printf 'vm.state\t%s\trunning\nvm.vcpus\t%s\t2\nvm.memory\t%s\t1024\nvm.cpu\t%s\t500\n' "$2" "$2" "$2" "$2"
}
fault() { printf '@faults_d %s\nfault.grade\tpsu\t4\nfault.why\tpsu\tburns\n' "$(now)"; }
# Two hosts, one of which is to be left at once: that a plan of it is made is what must not be lost.
fresh() {
	cli flushall >/dev/null
	{ report h1 vm1; fault; } | cli -x set "$(key report:h1)" >/dev/null
	report h2 vm2 | cli -x set "$(key report:h2)" >/dev/null
	cli sadd "$(key hosts)" h1 h2 >/dev/null
}
plans() { # [SECONDS]: vm1 leaves h1
	timeout "${1:-60}" "$B/plimsoll" plan --json --redis "unix://$D/r.sock" >"$D/plan" 2>"$D/said"
	ended=$?
	grep -q '"vm": *"vm1"' "$D/plan" && grep -q '"to": *"h2"' "$D/plan"
}
left_out() { # it is counted, and is not as it should be
	timeout 60 "$B/plimsoll" status --json --redis "unix://$D/r.sock" >"$D/status" 2>/dev/null
	[ $? = 3 ] && grep -q '"left_out": [1-9]' "$D/status"
}
survives() { # WHAT SAID: after whatever was written just now
	check "$1: the plan is made" plans
	check "$1: it is named" grep -q -- "$2" "$D/said"
	check "$1: it is counted" left_out
	check "$1: the plan ends with 3" [ $ended = 3 ]
	check "$1: the plan notes it" grep -q 'ignored' "$D/plan"
}
evil() { cli -x set "$(key report:evil)" >/dev/null; }

fresh
check "as it should be, vm1 leaves" plans
check "and the plan ends well" [ $ended = 0 ]
check "and status is content" timeout 60 "$B/plimsoll" status --json --redis "unix://$D/r.sock" >"$D/status" 2>&1
check "and nothing is left out" bash -c "! timeout 60 '$B/plimsoll' status --json --redis 'unix://$D/r.sock' 2>/dev/null | grep -q '\"left_out\": [1-9]'"

long=$(printf 'h%.0s' $(seq 300))
for name in $'h\nx' "$long" $'h\x1b[31m' ''; do
	fresh
	cli sadd "$(key hosts)" "$name" >/dev/null
	survives "a host named $(printf %q "${name:0:8}")" "is not valid"
done
fresh
report h3 vm3 | cli -x set "$(key report:$long)" >/dev/null
survives "a report of a host with a long name" "does not name a host"
for hash in marks faults faults:cleared; do
	fresh
	cli hset "$(key $hash)" $'h\nx' '{}' >/dev/null
	survives "an odd field of $hash" "is not valid"
done
fresh
cli hset "$(key report:evil)" a b >/dev/null
survives "a report that is no text" "is not text"
fresh
head -c ${MUCH:+8}9000000 /dev/zero | tr '\0' x | evil # the bound is 8 MiB
survives "an endless report" "exceeds its maximum size"
fresh
{ report evil ''; for i in $(seq 20000); do printf 'vm.state\tn%d\toff\n' "$i"; done; } | evil
check "20,000 VMs of a host: the plan is made" plans
check "and that host takes none" bash -c "timeout 60 '$B/plimsoll' status --json --redis 'unix://$D/r.sock' 2>/dev/null | grep -q 'more than 16384 VMs'"
fresh
cli eval "for i = 1, 200001 do redis.call('SADD', KEYS[1], 'n' .. i) end" 1 "$(key hosts)" >/dev/null
check "200,001 names of hosts: the plan is made" plans 100
for line in 'vm.dirty\tvm2\t99999999999999999' 'vm.memory\tx' 'nic.rx\teth\x1b[2J\t5' 'host.cpu.busy\t\t-1' "vm.state\t$long\trunning" '@cpu nonsense'; do
	fresh
	{ report h2 vm2; printf '@more %s\n'"$line"'\n' "$(now)"; } | cli -x set "$(key report:h2)" >/dev/null
	check "the line ${line:0:20}: it is named" bash -c "timeout 60 '$B/plimsoll' plan --json --redis 'unix://$D/r.sock' 2>&1 >/dev/null | grep -q 'h2: left out of its report'"
	check "the line ${line:0:20}: it is counted" left_out
	check "the line ${line:0:20}: its host is seen" bash -c "timeout 60 '$B/plimsoll' status --json --redis 'unix://$D/r.sock' 2>/dev/null | grep -q '\"excluded\": 0'"
done
# Huge pages beyond what a host tells ended the service in an assert, at each start.
for pages in 'hugepages.total\t2048\t4294967296\nhugepages.free\t2048\t4294967296\n' 'hugepages.total\t2048\t4294967296\nhugepages.free\t2048\t0\n'; do
	fresh
	{ report evil e1 | sed "s|^host.daemon|$pages&|"; printf 'vm.hugepages\te1\t2048\nvm.state\te2\trunning\nvm.vcpus\te2\t1\nvm.memory\te2\t4294967296\nvm.hugepages\te2\t2048\n'; } | evil
	check "huge pages without end: the plan is made" plans
done
fresh
{ report evil ''; for kib in 64 128 512 2048 1048576; do printf 'vm.state\tp%s\trunning\nvm.vcpus\tp%s\t1\nvm.memory\tp%s\t512\nvm.hugepages\tp%s\t%s\n' $kib $kib $kib $kib $kib; done; } | evil
check "pages of five sizes: the plan is made" plans
# One VM's endless metadata concerns this VM alone (libvirt's test driver).
domain() { # NAME NUMBER METADATA
	printf '<domain type="test"><name>%s</name><uuid>11111111-1111-4111-8111-11111111111%s</uuid>%s<memory>8192</memory><currentMemory>8192</currentMemory><vcpu>1</vcpu><os><type>hvm</type></os></domain>' "$1" "$2" "$3"
}
{
	printf '<node><cpu><mhz>6000</mhz><model>i986</model><active>50</active><nodes>4</nodes><sockets>4</sockets><cores>4</cores><threads>2</threads></cpu><memory>8192000</memory>'
	domain small 1 ''
	printf '<domain type="test"><name>big</name><uuid>11111111-1111-4111-8111-111111111112</uuid><metadata><p:vm xmlns:p="urn:plimsoll:vm:1">'
	yes '<group apart="rack">g</group>' | head -n ${MUCH:+3}50000 | tr -d '\n' # 1.7 MB: the bound is 1 MiB
	printf '</p:vm></metadata><memory>8192</memory><currentMemory>8192</currentMemory><vcpu>1</vcpu><os><type>hvm</type></os></domain></node>'
} >"$D/node.xml"
printf 'agentless:\n  timeout: 50s\n' >"$D/slow.yaml" # on a busy machine
timeout 60 "$B/plimsoll" snapshot --settings "$D/slow.yaml" --hosts "test://$D/node.xml" -o "$D/afar.json" >"$D/said" 2>&1
check "endless metadata: the host is seen" bash -c "! grep -q '\"fence\"' '$D/afar.json'"
check "endless metadata: both VMs are there" [ "$(grep -c '"name": *"\(big\|small\)"' "$D/afar.json")" = 2 ]
check "endless metadata: its VM stays where it is" grep -q 'too long' "$D/afar.json"
# Once, not each round, and its end.
fresh
head -c 9000000 /dev/zero | tr '\0' x | evil
timeout 60 "$B/plimsolld" --redis "unix://$D/r.sock" --mode advise --interval 1s >"$D/log" 2>&1 &
service=$!
for _ in $(seq 300); do [ "$(grep -c 'round.end\|plan.made\|round' "$D/log")" -ge 4 ] && break; sleep 0.1; done
cli del "$(key report:evil)" >/dev/null
for _ in $(seq 300); do grep -q host.notice_ended "$D/log" && break; sleep 0.1; done
kill $service
wait $service 2>/dev/null
check "the log says once that it begins" [ "$(grep -c 'host.notice .*exceeds its maximum size' "$D/log")" = 1 ]
check "and that it has ended" grep -q host.notice_ended "$D/log"
[ $bad = 0 ] || { echo "---- log"; tail -20 "$D/log"; }
exit $bad
