#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Each kind of condition of hosts, VMs and certificates from its beginning to its end, as a webhook is told of it: a fault that gets worse, a host
# that the brake holds, no data, a VM on two hosts, an evacuation that is blocked and late, a certificate that expires. (Plans, the leader
# and a receiver that is away: notices_test.sh.) Needs redis-server, redis-cli, curl, jq, openssl, python3. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq openssl python3
. tests/api_story.sh
service=
receiver=
trap 'kill $service $receiver $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
report_uri=qemu+tcp://127.0.0.1:1/system # nobody listens there
fault() { printf '@faults_d %s000000\nfault.grade\t%s\t%s\nfault.why\t%s\tpending 24\n' "$(date +%s)" "$1" "$2" "$1"; }
large() { sed "s/^vm.memory\t$1\t1024/vm.memory\t$1\t60000/"; } # no other host has room for it
all_well() {
	report h1 app db | put h1
	report h2 big mail | large big | put h2
	report h3 web | put h3
	report h4 | put h4
}
all_well
(umask 077; printf 'whsec_%s\n' "$(head -c 32 /dev/urandom | base64)" >"$D/secret")
port=$(free_ports 1)
tests/integration/notices_receiver.py "$port" "$(cat "$D/secret")" "$D" >"$D/receiver.log" 2>&1 &
receiver=$!
listens() { curl -s -o "$D/body" --max-time 5 "http://127.0.0.1:$port/"; }
check "the receiver is there" until_true 10 listens

# ---- certificates: CA of the hosts' libvirt ----
mkdir "$D/pki"
authority() { # DAYS
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days "$1" -subj /CN=ca -keyout "$D/ca.key" -out "$D/ca.new" 2>/dev/null &&
		mv "$D/ca.new" "$D/pki/cacert.pem"
}
ends_now() { # one that has just expired
	openssl req -new -key "$D/ca.key" -subj /CN=ca -out "$D/ca.csr" 2>/dev/null &&
		openssl x509 -req -in "$D/ca.csr" -signkey "$D/ca.key" -days 0 -out "$D/ca.new" 2>/dev/null && mv "$D/ca.new" "$D/pki/cacert.pem"
}
authority 400 || { echo "openssl made no certificate"; exit 1; }

settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h --set brake.hosts=1 --set brake.percent=1% --set "service.uri=qemu+tls://{host}/system?pkipath=$D/pki")
plimsoll() { "$B/plimsoll" "$@" --redis "$R" --cluster t "${settings[@]}" >"$D/out" 2>&1; }
"$B/plimsolld" --redis "$R" --cluster t --mode confirm --interval 1s --state-dir "$D" "${settings[@]}" --set service.hold=0s --set service.lease=2s \
	--set api.socket="$D/a.sock" --set notify.webhook="http://127.0.0.1:$port/hook" --set notify.secret_file="$D/secret" --set notify.link=https://drs.example 2>"$D/log" &
service=$!
notices() { [ -e "$D/webhook" ] && cat "$D/webhook"; }
got() { notices | jq -es "any(.[]; $1)" >/dev/null; }
told() { # WHAT EVENT SUBJECT STATE SEVERITY [JQ]
	check "$1" until_true 30 got ".event == \"$2\" and .subject == $3 and .state == \"$4\" and .severity == \"$5\" and (${6:-true})"
}
round() { curl -s --unix-socket "$D/a.sock" http://localhost/metrics | sed -n 's/^plimsoll_round_timestamp_seconds{cluster="t"} \([0-9]*\).*/\1/p'; }
planned() { [ -n "$(round)" ]; }
check "it has made a round" until_true 20 planned

# ---- a fault: suspected, then failing, then accepted ----
{ report h1 app db; fault sda 2; } | put h1
told "a fault is told" fault '"h1"' open warning '(.detail | test("sda")) and .link == "https://drs.example/c/t/hosts/h1" and .title == "Hardware of h1: grade 2 of 4"'
{ report h1 app db; fault sda 4; } | put h1
told "that it gets worse" fault '"h1"' worse critical '.title == "Hardware of h1: grade 4 of 4"'
told "and that the host is to be emptied" evacuation '"h1"' open info
# ---- the brake: h1 is emptied, h3 is not, too ----
{ report h3 web; fault sdb 4; } | put h3
told "a host that is held" brake '"h3"' open warning '(.detail | length) > 0 and .link == "https://drs.example/c/t/hosts/h3"'
plimsoll release h3
told "is held no more, once it is released" brake '"h3"' closed warning '.title == "h3 is held no more" and .detail == null'
told "and is to be emptied" evacuation '"h3"' open info
report h1 app db | put h1
report h3 web | put h3
plimsoll faults clear h1 sda --why "a cable"
plimsoll faults clear h3 sdb --why "a cable"
told "a fault that was cleared has ended" fault '"h1"' closed critical '.title == "Hardware of h1: no fault any more"'
told "as has the evacuation" evacuation '"h1"' closed info
told "(the other)" evacuation '"h3"' closed info

# ---- a VM on two hosts ----
report h4 app | put h4
told "a VM that runs twice" vm.doubled '"app"' open critical '(.detail | test("h1") and test("h4")) and .link == "https://drs.example/c/t/vms/app"'
report h4 | put h4
told "runs once again" vm.doubled '"app"' closed critical

# ---- an evacuation: blocked, late, called off ----
plimsoll maintenance enter h2 --why fans --several # beside h1 and h3, which the brake has counted
told "an evacuation that cannot end is told as blocked" evacuation '"h2"' open warning '(.title | test("is blocked: 1 of 2 VMs")) and (.detail | test("big"))'
plimsoll maintenance enter h2 --why fans --several --deadline 1s
told "after its deadline that it is late" evacuation '"h2"' worse critical '.title | test("is late: [12] VMs? (is|are) still there after its deadline")'
plimsoll maintenance exit h2
told "and when it is called off" evacuation '"h2"' closed critical '.title == "No VM has to leave h2 any more"'

# ---- a certificate: two weeks left, expired, renewed ----
file="\"$D/pki/cacert.pem\""
authority 10
told "a certificate that expires soon" certificate "$file" open warning
ends_now
told "that it has expired" certificate "$file" worse critical '.title | test("has expired 20")'
authority 400
told "that it was renewed" certificate "$file" closed critical '.title | test("was renewed$")'

# ---- no data: of a host that is not seen no fault ends, and none begins again ----
{ report h4; fault sdc 2; } | put h4
told "a fault" fault '"h4"' open warning
redis-cli -s "$D/r.sock" del 'plimsoll:{t}:report:h1' 'plimsoll:{t}:report:h2' 'plimsoll:{t}:report:h3' 'plimsoll:{t}:report:h4' >/dev/null
told "a service without data" blind null open critical '(.title | test("blind")) and (.detail | length) > 0 and .link == "https://drs.example/c/t"'
all_well
{ report h4; fault sdc 2; } | put h4
told "has data again" blind null closed critical '.title == "The service has data again"'
check "the fault has lasted" not got '.subject == "h4" and .event == "fault" and .state != "open"'

# ---- of all of them ----
numbers() { notices | jq -r '.id | split("-")[1]'; }
check "each came once, in order, and none is missing" diff <(numbers) <(seq "$(numbers | wc -l)")
in_turn() { # by key: open, worse …, closed, open …
	notices | jq -es 'group_by(.key) | all(.[]; [.[].state] as $s | all(range($s | length); . as $i | if $s[$i] == "open" then $i == 0 or $s[$i - 1] == "closed" else $i > 0 and $s[$i - 1] != "closed" end))' >/dev/null
}
check "what gets worse or closes was open" in_turn
check "no condition was told twice" [ "$(notices | jq -s '[.[] | select(.event != "plan.waits") | [.key, .state]] | length - (unique | length)')" = 0 ]
check "every signature was right" not test -e "$D/faults"
quick() {
	kill "$service"
	wait "$service"
}
check "the service ends well" quick
[ "$story_failed" = 0 ] || { tail -n 20 "$D/log"; notices | jq -c '[.event, .subject, .state, .severity, .title, .detail]'; }
echo "$story_checks checks"
[ "$story_failed" = 0 ]
