#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Room is booked for a VM that is to be started: counted by all that decide, never given twice, and over when the VM is there,
# the time is up, or somebody gives it back. Needs redis-server. Argument: the build folder.
set -u
B=$1
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
. tests/story.sh
redis() { redis-cli -s "$D/r.sock" "$@"; }
up() { redis ping >/dev/null 2>&1; }
until_true 20 up || exit 1
ends() { # STATUS COMMAND…
	local want=$1
	shift
	"$@" >"$D/out" 2>&1
	local got=$?
	[ $got = "$want" ] || { echo "exit $got"; cat "$D/out"; return 1; }
}
says() { grep -Eq -- "$1" "$D/out" || { cat "$D/out"; return 1; }; }
plimsoll() { timeout 60 "$B/plimsoll" "$@" --redis "unix://$D/r.sock"; }
service() { # one round
	timeout 60 "$B/plimsolld" --once --redis "unix://$D/r.sock" --mode advise --state-dir "$D/state" --set service.hold=0s --set 'cluster.hosts=*' >"$D/log" 2>&1
}
logs() { grep -Eq -- "$1" "$D/log" || { cat "$D/log"; return 1; }; }
report() { # HOST [VM[:UUID] …]: 8 cores and 16 GiB, of which each VM has 2 and 4
	local now host=$1 n=0 vm vms='' name uuid
	now=$(date +%s%6N)
	shift
	for vm; do
		name=${vm%%:*} uuid=${vm#*:}
		[ "$uuid" != "$vm" ] || uuid=$(printf %s "$name" | md5sum | cut -c1-32)
		vms+=$(printf 'vm.uuid\t%s\t%s\nvm.state\t%s\trunning\nvm.vcpus\t%s\t2\nvm.memory\t%s\t4096\nvm.cpu\t%s\t300\nvm.dirty\t%s\t0\n ' \
			"$name" "$uuid" "$name" "$name" "$name" "$name" "$name")
		vms=${vms% } n=$((n + 1))
	done
	{
		printf 'plimsoll.report/1 %s sent=%s seq=1 every=600000000\n@host %s\nhost.cpus\t\t8\nhost.daemon\t\t1\nhost.cpu.busy\t\t%s\nhost.uuid\t\t%s\n' \
			"$host" "$now" "$now" $((300 * n)) "machine-$host"
		printf '@memory %s\nhost.memory.total\t\t16384\nhost.memory.available\t\t%s\n@vms %s\n%s' "$now" $((16384 - 4096 * n - 512)) "$now" "$vms"
	} >"$D/report"
	redis -x set "plimsoll:{default}:report:$host" <"$D/report" >/dev/null
}
two() { # 8 GiB are free on h1, hardly anything on h2
	report h1 a1 "$@"
	report h2 b1 b2 b3
}
book() { plimsoll place --name "$1" --vcpus 2 --memory 8GiB --book 10m "${@:2}"; }
more() { plimsoll capacity --vcpus 1 --memory 2GiB --json 2>/dev/null | sed -n 's/.*"more": \([0-9]*\).*/\1/p' | head -1; }

two
service
# ---- held, and counted ----
free=$(more)
check "room is found and held" ends 0 book web9 --uuid 77777777-7777-7777-7777-777777777777
check "(where, and what gives it back)" says '^booked: room for web9 on h1 until .*--release web9'
check "capacity counts it" test "$(more)" -lt "$free"
check "the next place does not get it" ends 3 plimsoll place --name web8 --vcpus 2 --memory 8GiB
check "(it lacks the room)" says 'lacks .* of memory'
check "nor does the next booking" ends 3 book web8
check "(nothing was booked)" says '^nothing was booked$'
check "the same name is not booked twice" ends 2 book web9
check "(it says where it is)" says 'already booked, on h1'
check "status says so" ends 0 plimsoll status
check "(in a line)" says 'room for web9 \(2 vCPUs, 8(\.0)? GiB\) is booked on h1 until .* by .*@'
check "(and does not count it as a VM)" says '2 hosts, 4 VMs'
check "as JSON" ends 0 plimsoll place --list --json
check "(schema)" says '"schema": "plimsoll.bookings/1"'
check "(held)" says '"state": "held"'
check "a plan counts it" ends 0 plimsoll plan
check "(beside the VMs)" says '2 hosts, 4 VMs, room booked for 1 more'
check "what would start if a host were lost counts it, live" ends 3 plimsoll failover h2
check "(the room is not there)" says 'b1 +100 +4 GiB +none +h1 lacks .* of memory'
check "explain knows it" ends 0 plimsoll explain web9
plimsoll snapshot -o "$D/snapshot.json" >/dev/null 2>&1
check "a snapshot file has it" grep -q '"bookings"' "$D/snapshot.json"
timeout 60 "$B/plimsoll" place --name web8 --vcpus 2 --memory 8GiB --from "$D/snapshot.json" >"$D/out" 2>&1
check "and what is asked of the file counts it" test $? = 3
check "a file is no place to keep a booking" ends 2 timeout 60 "$B/plimsoll" place --name x --vcpus 1 --memory 1GiB --book 5m --from "$D/snapshot.json"
check "(it says where one is kept)" says 'kept in Redis'
check "nor is a cluster as it might be" ends 2 book web7 --without h2
check "a booking needs a name" ends 2 plimsoll place --vcpus 1 --memory 1GiB --book 5m
check "what is booked cannot be placed again" ends 2 plimsoll place --name web9 --vcpus 2 --memory 1GiB
check "(it says where it is)" says 'web9 is already booked on h1; to release the booking: plimsoll place --release'
check "and an end within a week" ends 2 plimsoll place --name x --vcpus 1 --memory 1GiB --book 8d

# ---- told, once ----
two
service
check "the service says who booked what" logs 'booking.begins vm="?web9"? host="?h1"? by=[^ ]*@[^ ]* for_s=600 vcpus=2 memory_mib=8192'
service
check "once" not logs 'booking.begins'
check "the audit has it" ends 0 plimsoll audit
check "(who)" says 'booking, held: room for web9 on h1, by .*@'
check "its round can be made again" ends 0 plimsoll replay last

# ---- over ----
report h1 a1 web9
service
check "the VM is there: taken" logs 'booking.ends vm="?web9"? host="?h1"? why=taken'
check "nothing is booked any more" ends 0 plimsoll place --list
check "(nothing)" says '^no bookings$'
two
check "booked again" ends 0 book web9
report h2 b1 b2 web9
service # tells it
service
check "the VM is elsewhere: dropped, and said" logs 'booking.ends vm="?web9"? host="?h1"? why=elsewhere .*runs_on="?h2"?'
two
check "booked by its UUID" ends 0 book web9 --uuid 77777777-7777-7777-7777-777777777777
report h1 a1 other:77777777-7777-7777-7777-777777777777
check "a VM of another name and that UUID takes it" ends 0 plimsoll place --list
check "(taken)" says 'taken: the VM is there'
service
service
check "(said)" logs 'why=taken'
two
check "booked" ends 0 book web9
service
check "given back" ends 0 plimsoll place --release web9
check "(said)" says 'is canceled'
check "the room is free at once" ends 0 plimsoll place --name web8 --vcpus 2 --memory 8GiB
service
check "by whom stands in the log" logs 'booking.ends vm="?web9"? host="?h1"? why=released by=[^ ]*@'
check "what is not booked cannot be given back" ends 2 plimsoll place --release web9
check "booked for a second" ends 0 plimsoll place --name web9 --vcpus 2 --memory 8GiB --book 1s
empty() { plimsoll place --list 2>&1 | grep -q '^no bookings$'; }
check "it lapses by itself, by the clock of Redis" until_true 20 empty
check "its room is free" ends 0 plimsoll place --name web8 --vcpus 2 --memory 8GiB
service
service
check "(said)" logs 'booking.ends vm="?web9"? .*why=lapsed'

# ---- two at once ----
both=0 none=0
for i in 1 2 3 4 5 6; do
	two
	book "x$i" >"$D/first" 2>&1 &
	first=$!
	book "y$i" >"$D/second" 2>&1
	second=$?
	wait $first
	won=$((($? == 0) + (second == 0)))
	[ $won -lt 2 ] || both=$((both + 1))
	[ $won -gt 0 ] || none=$((none + 1))
	plimsoll place --release "x$i" >/dev/null 2>&1
	plimsoll place --release "y$i" >/dev/null 2>&1
done
check "of two at once never both get the same room" test $both = 0
check "and one does" test $none = 0
plimsoll place --name both --vcpus 1 --memory 1GiB --count 2 --book 1m >"$D/out" 2>&1
check "several are booked together" says 'booked: room for both-2 on'

# ---- what others may have written ----
redis hset 'plimsoll:{default}:bookings' odd 'rubbish' >/dev/null
check "what is no booking holds nothing, and is said" ends 0 plimsoll place --list
check "(which)" says "the store's bookings: odd cannot be read"
echo "$story_checks checks, $story_failed failed"
[ "$story_failed" = 0 ]
