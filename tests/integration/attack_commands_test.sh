#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Who can write into the store has nothing run by those who read it: the command of a roll. Needs redis-server.
# Argument: the build folder.
set -u
B=$1
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
for _ in $(seq 100); do redis-cli -s "$D/r.sock" ping >/dev/null 2>&1 && break; sleep 0.05; done
bad=0
check() { # WHAT COMMAND…
	local what=$1
	shift
	if "$@"; then echo "ok      $what"; else echo "FAILED  $what"; bad=1; fi
}
ends() { # STATUS COMMAND…
	local want=$1
	shift
	timeout 20 "$@" >"$D/out" 2>&1
	local got=$?
	[ $got = "$want" ] || { echo "exit $got"; cat "$D/out"; return 1; }
}
put() { redis-cli -s "$D/r.sock" -x set "plimsoll:{default}:$1" >/dev/null; }
report() { # HOST VM
	local now
	now=$(date +%s%6N)
	printf 'plimsoll.report/1 %s sent=%s seq=1 every=5000000\n@host %s\nhost.cpus\t\t8\nhost.daemon\t\t1\n@memory %s\nhost.memory.total\t\t16384\nhost.memory.available\t\t12000\n@vms %s\n' \
		"$1" "$now" "$now" "$now" "$now"
}
report h1 | put report:h1
report h2 | put report:h2
# as its own program would have left it, and with a command in every place that had one
for fields in '"run": "touch PWNED", "shell": true' '"run_sha256": "0000", "run": "touch PWNED", "shell": true'; do
	printf '{"schema": "plimsoll.roll/1", "by": "root@ops", "at": 1, "process": "1/1", %s, "at_once": 1, "left": ["h1"], "done": []}' \
		"${fields//PWNED/$D/PWNED}" >"$D/note"
	put note:roll <"$D/note"
	put state:roll <"$D/note"
	check "a command from the store is not run" bash -c "! timeout 20 '$B/plimsoll' maintenance roll --resume --redis 'unix://$D/r.sock' >'$D/out' 2>&1"
	check "nor where another is given" bash -c "! timeout 20 '$B/plimsoll' maintenance roll --resume --run true --redis 'unix://$D/r.sock' >>'$D/out' 2>&1"
	check "nothing was run" [ ! -e "$D/PWNED" ]
done
check "one with another checksum is bad input" ends 2 "$B/plimsoll" maintenance roll --resume --run true --redis "unix://$D/r.sock"
check "that says so" grep -q 'not the command of this roll; nothing was run' "$D/out"
check "without --run, too" ends 2 "$B/plimsoll" maintenance roll --resume --redis "unix://$D/r.sock"
check "that says what to give" grep -q 'needs the same --run CMD' "$D/out"

# ---- URIs: libvirt runs programs by their parameters ----
touch_by() { printf 'qemu+ext:///system?command=%s/run' "$D"; }
printf '#!/bin/sh\ntouch %s/PWNED\n' "$D" >"$D/run"
chmod +x "$D/run"
uuid=11111111-1111-4111-8111-111111111111
vm='vm.uuid\tv1\t'$uuid'\nvm.state\tv1\trunning\nvm.vcpus\tv1\t2\nvm.memory\tv1\t1024\nvm.cpu\tv1\t7000\n'
evil() { # HOST VMS: its report names a URI that runs a program
	report "$1" | sed "s|^host.daemon|host.uri\t\t$(touch_by | sed 's/&/\\&/g')\n&|"
	printf '%b' "$2"
}
attack() { # a journal entry that is open, and two reports
	evil h1 "$vm" | put report:h1
	evil h2 '' | put report:h2
	redis-cli -s "$D/r.sock" xadd 'plimsoll:{default}:journal' '*' text "{\"schema\": \"plimsoll.journal/1\", \"event\": \"started\", \"id\": \"x/1/0\", \"vm\": \"v1\", \"uuid\": \"$uuid\", \"from\": \"h1\", \"to\": \"h2\", \"from_uri\": \"$(touch_by)\", \"to_uri\": \"$(touch_by)\", \"at\": 1}" >/dev/null
}
service() { # MODE
	timeout 30 "$B/plimsolld" --once --redis "unix://$D/r.sock" --mode "$1" --state-dir "$D/state" \
		--set service.hold=0s --set 'cluster.hosts=*' --set service.uri=test:///nowhere/{host} >"$D/service.log" 2>&1
}
for mode in advise confirm auto; do
	attack
	service "$mode"
	check "a URI of the journal or a report is not opened (mode $mode)" [ ! -e "$D/PWNED" ]
	check "the service has looked (mode $mode)" grep -q 'service.started' "$D/service.log"
done
attack
timeout 30 "$B/plimsoll" evacuate h1 --yes --redis "unix://$D/r.sock" --set 'service.uri=test:///nowhere/{host}' >"$D/out" 2>&1
check "nor by an operator's evacuate" [ ! -e "$D/PWNED" ]
# that the attack would work: opened by hand, the same URI runs the program
virsh -c "$(touch_by)" list >/dev/null 2>&1
command -v virsh >/dev/null && check "the trap is one: opened by hand it runs the program" [ -e "$D/PWNED" ]
[ $bad = 0 ]
