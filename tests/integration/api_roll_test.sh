#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A rolling maintenance over the API: the service empties hosts one group after the other, who does the work says that one is
# finished, and it goes back into service once it has reported. Held, resumed, taken over by another service, abandoned. On plimsolld
# with a simulated executor. Needs redis-server, redis-cli, curl, jq. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq
. tests/api_story.sh
service='' reporter=''
trap 'kill $service $reporter $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
port=$(free_ports 1)
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
for role in view operate; do
	"$B/plimsoll" token add $role --role $role --set service.state_dir="$D" >"$D/$role" 2>/dev/null
done

# ---- the hosts report, each second, which VMs they run ----
mkdir "$D/home"
home() { # VM HOST
	echo "$2" >"$D/home/$1.new" && mv "$D/home/$1.new" "$D/home/$1"
}
home app h1
home db h1
home web h2
home mail h3
report_all() {
	local h v vms
	while IFS=$'\t' read -r v _ h; do home "$v" "$h"; done <"$D/moved"
	for h in h1 h2 h3 h4; do
		[ ! -e "$D/silent-$h" ] || continue
		vms=()
		for v in app db web mail big; do [ ! -e "$D/home/$v" ] || [ "$(cat "$D/home/$v")" != $h ] || vms+=("$v"); done
		report_uri=qemu+tcp://$h.invalid/system
		report $h "${vms[@]}" | sed 's/^vm.memory\tbig\t1024$/vm.memory\tbig\t65000/' | put $h # it fits nowhere else
	done
}
: >"$D/moved"
report_all
(while sleep 0.3; do report_all; done) &
reporter=$!
serve() {
	PAGE_MOVE_MS=100 "$B/page_service" --redis "$R" --cluster t --mode auto --interval 1s --state-dir "$D" "${settings[@]}" \
		--set service.hold=0s --set service.settle=0s --set service.lease=2s --set plan.threshold=1 --set api.listen="$port" --set api.rate=1000 >>"$D/moved" 2>>"$D/log" &
	service=$!
}
T=http://127.0.0.1:$port/api/v1
as() { # ROLE curl's words…
	local t=$1
	shift
	curl -s --max-time 30 -H "Authorization: Bearer $(cat "$D/$t")" -H 'Content-Type: application/json' "$@"
}
is() { # CODE COMMAND…
	local want=$1 got
	shift
	got=$("$@" -o "$D/body" -D "$D/head" -w '%{http_code}')
	[ "$got" = "$want" ] || { echo "        $got"; cat "$D/head" "$D/body"; return 1; }
}
body() { jq -e "$1" "$D/body" >/dev/null || { cat "$D/body"; return 1; }; }
ready() { [ "$(curl -s -o "$D/body" -w '%{http_code}' "http://127.0.0.1:$port/readyz")" = 200 ] && as view $T/status | jq -e .service >/dev/null; }
shows() { as view "$T/rolls/$1" | jq -e "$2" >/dev/null; }
first() { as view "$T/rolls/$1" | jq -r '.hosts[0].name'; }
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --cluster t "${settings[@]}"; }

check "nobody would carry it out" not plimsoll maintenance roll --by-service --id june h1
serve
check "it is ready soon" until_true 30 ready
check "none is there" is 404 as view $T/rolls/june
check "view begins none" is 403 as view -X PUT -d '{"all": true}' $T/rolls/june
begin() { as operate -X PUT -d "$2" "$T/rolls/$1" "${@:3}"; }
check "a host that is none" is 404 begin june '{"hosts": ["h9"]}'
check "a field that is none" is 422 begin june '{"host": ["h1"]}'
check "more at once than there may be" is 422 begin june '{"hosts": ["h1"], "at_once": 2000}'
check "which is named" body '.errors[0].pointer == "/at_once"'
check "a name that is none" is 404 begin 'a%20b' '{"hosts": ["h1"]}'
check "a roll begins" is 200 begin june '{"hosts": ["h1", "h2"]}'
check "of this many" body '.schema == "plimsoll.roll-state/1" and .id == "june" and (.left | length) + (.hosts | length) == 2 and .done == [] and .held == null'
check "the same again begins nothing twice" is 200 begin june '{"hosts": ["h1", "h2"]}'
check "the same name for others" is 409 begin june '{"hosts": ["h3"]}'
check "another beside it" is 409 begin july '{"hosts": ["h3"]}'
check "nor by a command" not plimsoll maintenance roll h3 --run true
check "one host is emptied" until_true 30 shows june '.hosts | length == 1 and .[0].state == "empty"'
one=$(first june)
check "the other waits, and takes nothing" bash -c "'$B/plimsoll' status --json --redis '$R' --cluster t ${settings[*]} | jq -e '[.hosts[] | select(.state == \"cordoned\")] | length == 1'"
check "what is next is said" shows june ".hosts[0].text == \"do the work, then: plimsoll maintenance roll --finished $one\""
check "maintenance has it" bash -c "'$B/plimsoll' maintenance status --json --redis '$R' --cluster t ${settings[*]} | jq -e '.roll | .id == \"june\" and .in_maintenance == [\"$one\"] and .host_count == 2'"
other=$([ "$one" = h1 ] && echo h2 || echo h1)
check "one that is not emptied is not finished" is 404 as operate -X PUT $T/rolls/june/finished/$other
check "view finishes none" is 403 as view -X PUT $T/rolls/june/finished/$one

# ---- held ----
check "it is held" is 200 as operate -X PUT -d '{"why": "lunch"}' $T/rolls/june/held
check "by whom, and why" body '.held | test("^held by token operate \\(operate, API request [0-9a-f]{16}\\): lunch$")'
check "the first is finished" is 200 as operate -X PUT $T/rolls/june/finished/$one
check "and goes back into service" until_true 30 shows june ".done == [\"$one\"] and .hosts == []"
sleep 2 # two rounds, in which nothing is to happen
check "no other is begun" shows june ".left == [\"$other\"] and .hosts == []"
kill "$service"
wait "$service"
serve
check "another service is ready" until_true 30 ready
check "which holds it, too" shows june '.held != null and .hosts == []'
check "it goes on" is 200 as operate -X DELETE $T/rolls/june/held
check "with the second" until_true 30 shows june ".hosts[0].name == \"$other\" and .hosts[0].state == \"empty\""

# ---- finished is not back yet ----
: >"$D/silent-$other"
sleep 1 # what is reported just now
check "the second is finished" is 200 as operate -X PUT $T/rolls/june/finished/$other
check "and again" is 200 as operate -X PUT $T/rolls/june/finished/$other
sleep 2 # two rounds, in which nothing is to happen
check "before it reports it stays in maintenance" shows june '.hosts[0].state == "finished"'
rm "$D/silent-$other"
check "then all is done" until_true 30 shows june '.hosts == [] and .left == [] and (.done | sort) == ["h1", "h2"]'
check "what came of it is there" is 200 begin june '{"hosts": ["h1", "h2"]}'
check "it is no longer under way" bash -c "'$B/plimsoll' maintenance status --json --redis '$R' --cluster t ${settings[*]} | jq -e '.roll == null and .hosts == []'"
check "no host is left cordoned" bash -c "'$B/plimsoll' status --json --redis '$R' --cluster t ${settings[*]} | jq -e '[.hosts[] | select(.state != \"active\")] == []'"
check "the log says which, each once" [ "$(grep -c 'event=roll.host_done\|roll.host_done ' "$D/log")" = 2 ]
check "the audit of actions has who" grep -Eq 'api.action id=[0-9a-f]{16} who="token operate" role=operate method=PUT route=/api/v1/rolls/\{roll\}/finished/\{host\} about=june' "$D/log"

# ---- somebody else's hand, and a stop ----
check "another roll" is 200 begin july '{"hosts": ["h3", "h1"], "at_once": 1}'
check "empties its first host" until_true 30 shows july '.hosts[0].state == "empty"'
one=$(first july)
plimsoll maintenance exit "$one" >"$D/out"
check "one that is taken out before it is finished holds the roll" until_true 20 shows july ".hosts == [] and (.held | test(\"^$one was taken out of maintenance\")) and (.left | length) == 2"
plimsoll stop --why "switch" >"$D/out"
check "under a stop nothing is resumed" is 409 as operate -X DELETE $T/rolls/july/held
check "which is what blocks it" body '.blocked_by[0].kind == "stop"'
plimsoll resume >"$D/out"
check "from the command line it is" plimsoll maintenance roll --resume --id july
check "text says how far it is" bash -c "'$B/plimsoll' maintenance roll --show --redis '$R' --cluster t ${settings[*]} | grep -q '^roll july of token operate .*: 0 of 2 hosts done'"
check "its host is emptied again" until_true 30 shows july '.hosts[0].state == "empty"'
check "it is abandoned" is 200 as operate -X DELETE $T/rolls/july
check "is gone" is 404 as view $T/rolls/july
check "what was in maintenance stays there, and no cordon stays" bash -c "'$B/plimsoll' status --json --redis '$R' --cluster t ${settings[*]} | jq -e '[.hosts[] | select(.state != \"active\") | .state] == [\"maintenance\"]'"
check "over --api, too" env PLIMSOLL_TOKEN_FILE="$D/operate" "$B/plimsoll" --api "http://127.0.0.1:$port" maintenance roll --by-service --id august h2
check "without a command of the caller's" not env PLIMSOLL_TOKEN_FILE="$D/operate" "$B/plimsoll" --api "http://127.0.0.1:$port" maintenance roll h2 --run true

# ---- one that cannot be emptied ----
check "and is abandoned there" plimsoll maintenance roll --abandon
for h in h1 h2 h3; do plimsoll maintenance exit $h >>"$D/out"; done
check "a roll of two hosts" is 200 begin june-2 '{"hosts": ["h4", "h2"]}'
check "the first is empty" until_true 30 shows june-2 '.hosts[0].state == "empty"'
one=$(first june-2)
other=$([ "$one" = h4 ] && echo h2 || echo h4)
home big "$one" # somebody starts a VM there all the same
check "a VM is there that has no room elsewhere: it is set aside" until_true 40 shows june-2 ".stayed == [\"$one\"] and (.hosts[] | select(.name == \"$one\") | .state == \"blocked\" and .vm_count == 1)"
check "which the log says" grep -Eq "roll.host_aside id=\"?june-2\"? host=\"?$one" "$D/log"
check "and the other is emptied" until_true 30 shows june-2 "[.hosts[] | select(.name == \"$other\" and .state == \"empty\")] | length == 1"
check "it is not finished before it is empty" is 409 as operate -X PUT "$T/rolls/june-2/finished/$one"
check "and says how many VMs are there, and which" body '(.detail | test("1 VM is there")) and .blocked_by == [{"kind": "vm", "name": "big", "why": "it is on the host"}]'
rm "$D/home/big"
check "emptied after all, it is" until_true 30 shows june-2 "[.hosts[] | select(.name == \"$one\" and .state == \"empty\")] | length == 1"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
