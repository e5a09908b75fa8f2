#!/bin/bash
# Maintenance: a host is emptied by the service and stays empty until it is given back; what is asked outlives the
# service; two operators, unknown hosts and VMs that cannot leave are told in words. Every guest runs exactly once and
# its counter goes on. Needs what `tests/lab/lab needs` says, and redis-server.
. tests/lab/story.sh

export LAB_CPUS="1 1 1" LAB_MEMS="1024 1024 1024"
GUESTS=$(seq -f 'g%g' 1 6)

guests_on() { lab list "$1" | wc -w | awk '{ print $1 - 1 }'; }
is_empty() { [ "$(guests_on "$1")" = 0 ]; }
boot_all() {
	local g jobs=()
	for g in $GUESTS; do
		lab boot h1 "$g" mem=24 dirty=2 rate=1 burn=4 &
		jobs+=($!)
	done
	wait "${jobs[@]}"
	[ "$(guests_on h1)" = 6 ]
}
all_go_on() {
	local g
	[ "$(lab list | cut -d: -f2 | tr ' ' '\n' | grep . | sort | uniq -u | wc -l)" = 6 ] || { lab list; return 1; }
	for g in $GUESTS; do counter_goes_on "$g" || { echo "$g: $(lab ticks "$g")"; return 1; }; done
}
plimsoll() { lab ctl "$BUILD/plimsoll" "$@" --redis "$redis" --cluster lab; }
serve() { # LOG MODE
	nsenter --net=/run/netns/labsw "$BUILD/plimsolld" --redis "$redis" --cluster lab --mode "$2" --interval 300s \
		--state-dir "$LAB/state" --set balance.cpu=0 --set balance.memory=0 --set service.hold=1h --set service.lease=3s \
		--set service.settle=5s >"$LAB/$1" 2>&1 &
	service=$!
	story_pids+=("$service")
}
stop() { kill -TERM "$service" && wait "$service"; }
says() { grep -qE -- "$2" "$LAB/$1"; }
ends() { # STATUS FILE COMMAND...: its exit status, its words to a file
	local status=$1 file=$2
	shift 2
	"$@" >"$LAB/$file" 2>&1 </dev/null
	local got=$?
	[ "$got" = "$status" ] || { echo "exit $got:"; cat "$LAB/$file"; return 1; }
}
known() { [ "$(plimsoll status --json 2>/dev/null | jq '[.hosts[] | select(.fence == null or .fence == "none")] | length')" = 3 ]; }

command -v redis-server >/dev/null || { echo "redis-server is missing"; exit 77; }
story_lab 3
check "six guests are on h1" boot_all
redis=unix://$LAB/redis.sock
redis-server --port 0 --unixsocket "$LAB/redis.sock" --save '' --appendonly no --dir "$LAB" >"$LAB/redis.log" 2>&1 &
story_pids+=($!)
for h in h1 h2 h3; do
	tests/lab/lab in $h "$BUILD/plimsoll-agent" --redis "$redis" --cluster lab --advertise "$(lab uri $h)" --interval 1s \
		>"$LAB/agent-$h.log" 2>&1 &
	story_pids+=($!)
done
check "the agents have measured" until_true 20 known
sleep 3

echo "--- nobody acts"
check "without a service it says so" ends 0 out plimsoll maintenance enter h1
check "and what a person can do" says out 'no service is at work.*plimsoll evacuate h1'
check "somebody else asks too, and is told who was first" ends 0 out plimsoll maintenance enter h1 --deadline 10m
check "with the time and the name" says out 'already, since 20.* by .*@.*; it has a new deadline'
check "waiting is in vain" ends 3 out plimsoll maintenance enter h1 --wait
serve advise.log advise
check "the service advises" until_true 20 says advise.log round.planned
check "waiting for who only advises is in vain" ends 3 out plimsoll maintenance status h1 --wait
check "and it is said" says out 'the service only advises: nobody moves its 6 VMs'
check "it ends" stop
check "nothing was moved" [ "$(guests_on h1)" = 6 ]

echo "--- the service acts: what was asked before it began is done"
serve auto.log auto
check "h1 is emptied" ends 0 out plimsoll maintenance enter h1 --wait
check "it shows how far it is" says out 'h1: 6 of 6 have left'
check "it says that it is empty" says out 'h1 is empty'
check "h1 is empty" is_empty h1
check "not all went to one host" [ "$(guests_on h2)" -gt 0 ]
check "not all went to the other" [ "$(guests_on h3)" -gt 0 ]
check "the second emptying begins at once" ends 0 out plimsoll maintenance enter h2 --deadline 10m --why "new memory" --wait
check "nothing went back" is_empty h1
check "all are on h3" [ "$(guests_on h3)" = 6 ]
check "status shows both" ends 0 out plimsoll maintenance status
check "with the reason" says out 'h2 .* in .* empty +new memory'
check "the last host cannot be emptied" ends 3 out plimsoll maintenance enter h3 --wait
check "it is said which VM and why" says out 'g1.* cannot leave: .*maintenance'
check "status says so too" ends 3 out plimsoll maintenance status h3
check "h3 is given back" ends 0 out plimsoll maintenance exit h3
check "with how long it was" says out 'h3 takes VMs again; it was in maintenance for .* by .*@'
check "once more is no mistake" ends 0 out plimsoll maintenance exit h3
check "h3 is not in it" says out 'h3 is not in maintenance'

echo "--- mistakes"
check "a host that is not there" ends 2 out plimsoll maintenance enter h33
check "has a near name" says out 'there is no host h33 in lab \(did you mean h3\?\)'
check "a word that is none" ends 2 out plimsoll maintenance entre h1
check "has a near one" says out 'did you mean enter'
check "every guest's counter goes on" all_go_on
check "SIGTERM ends it with status 0" stop
[ "$story_failed" = 0 ] || tail -n 60 "$LAB"/auto.log
story_end
