#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plimsoll --api: what a command prints through a service is, byte for byte, what it prints from the same Redis, with the same exit
# status; what it changes is changed, as who asks; what it must not be given it is not given. Needs redis-server, redis-cli, jq.
# Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli jq
. tests/api_story.sh
service=
trap 'kill $service $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
report h1 app db web | put h1
report h2 mail | put h2
port=$(free_ports 1)
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
for role in view operate admin; do
	"$B/plimsoll" token add $role --role $role --set service.state_dir="$D" >"$D/$role" 2>/dev/null
done
"$B/plimsolld" --redis "$R" --cluster t --mode confirm --interval 1h --state-dir "$D" "${settings[@]}" --set service.hold=0s \
	--set api.socket="$D/a.sock" --set api.listen="$port" 2>"$D/log" &
service=$!
direct() { "$B/plimsoll" "$1" --redis "$R" --cluster t "${settings[@]}" --set service.hold=0s --set service.mode=confirm "${@:2}"; }
afar() { "$B/plimsoll" --api "unix:$D/a.sock" "$@"; }
as() { # ROLE COMMAND…: over TCP, with that token
	PLIMSOLL_TOKEN_FILE=$D/$1 "$B/plimsoll" --api "http://127.0.0.1:$port" "${@:2}"
}
waits() { [ "$(afar confirm --json 2>/dev/null | jq '.plans | length')" = 1 ]; }
check "a plan waits" until_true 30 waits

# ---- what is printed is the same ----
both() { # COMMAND…: a moment in which both say the same; times that pass are equal within a second
	direct "$@" >"$D/direct" 2>"$D/direct.err"
	local want=$? got
	afar "$@" >"$D/afar" 2>"$D/afar.err"
	got=$?
	# of a plan in microseconds; ages in tenths of a second
	sed -i -E 's/("taken_at": "[^".]*)\.[0-9]*Z/\1Z/; s/ [0-9.]+ (ms|s|min) ago/ a while ago/' "$D/direct" "$D/afar"
	[ $got = $want ] && cmp -s "$D/direct" "$D/afar" && cmp -s "$D/direct.err" "$D/afar.err"
}
same() { until_true 20 both "$@" || { diff "$D/direct" "$D/afar"; diff "$D/direct.err" "$D/afar.err"; return 1; }; }
check "status" same status
check "status --json" same status --json --all
check "plan" same plan --max-moves 1
check "plan --json" same plan --json
check "plan without a host" same plan --without h1
check "explain" same explain db
check "explain why not" same explain db h2
check "frontier" same frontier --by gib
check "a report is written here" afar report -o "$D/report.html"
check "and names who made it" grep -q '<dt>Made by</dt><dd>.*(admin, API request [0-9a-f]\{16\})</dd>' "$D/report.html"
check "or says why not" bash -c "! '$B/plimsoll' --api 'unix:$D/a.sock' report -o '$D/none/report.html' 2>&1 | grep -q 'report written' && [ ! -e '$D/none' ]"
check "capacity" same capacity --vcpus 1 --memory 1GiB
check "place" same place --like db --name db2
check "snapshot" bash -c "diff <('$B/plimsoll' --api 'unix:$D/a.sock' snapshot | jq -S '[.vms[].name]') <(echo '[\"app\", \"db\", \"mail\", \"web\"]' | jq -S .)"
check "maintenance" same maintenance status
check "faults" same faults
check "journal" same journal
check "audit" same audit
check "audit as CSV" same audit --csv
check "plans that wait" same confirm
id=$(afar confirm --json | jq -r '.plans[0].id')
check "one of them" same confirm "$id"
check "an error" same explain nobody
check "an error as JSON" same explain nobody --json
check "with its exit status" bash -c "'$B/plimsoll' --api 'unix:$D/a.sock' explain nobody 2>/dev/null; [ \$? = 2 ]"

says() { # WORDS COMMAND…: it fails, with these
	local words=$1
	shift
	"$@" >"$D/out" 2>"$D/said" && return 1
	grep -q -- "$words" "$D/said" || { cat "$D/said"; return 1; }
}
# ---- what is done is done, by who asks ----
check "view answers no plan" says 'needs the role operate; token view has view' as view confirm "$id" --yes
check "operate does" as operate confirm "$id" --reject
rejected() { direct confirm --json | jq -e '.plans[0].state == "rejected"' >/dev/null; }
check "it is rejected" until_true 10 rejected
audited() { direct audit | grep -q 'token operate (operate, API request [0-9a-f]*)'; }
check "by whom stands in the audit" until_true 10 audited
check "and in the log" grep -q 'api.action id=.* who="token operate" role=operate method=POST route=/api/v1/commands/{command} about=confirm' "$D/log"
check "maintenance is entered" as operate maintenance enter h2 --why 'new fans'
check "as Redis has it" bash -c "'$B/plimsoll' maintenance status --redis '$R' --cluster t --set 'cluster.hosts=h*' | grep -q 'new fans'"
check "and left" as operate maintenance exit h2
check "a stop" as operate stop --why switch
check "that operate does not lift" not as operate resume
check "but admin" as admin resume

# ---- a plan file is read here, and judged by the service ----
handed() { direct confirm --json | jq -r '[.plans[].id] | join(" ")'; }
ends() { # STATUS WORDS COMMAND…
	local want=$1 words=$2
	shift 2
	"$@" >"$D/out" 2>"$D/said"
	[ $? = "$want" ] && grep -q -- "$words" "$D/said" || { cat "$D/out" "$D/said"; return 1; }
}
direct plan --json >"$D/plan.json"
before=$(handed)
check "a plan has a move" jq -e '.moves | length > 0' "$D/plan.json"
check "view hands none over" ends 1 'needs the role operate; token view has view' as view apply --plan "$D/plan.json" --yes
check "without a yes nothing is handed over" ends 2 'it needs --yes' as operate apply --plan "$D/plan.json"
check "a file that is not there" ends 2 "$D/none.json" as operate apply --plan "$D/none.json" --yes
head -c 200 "$D/plan.json" >"$D/broken.json"
check "one that is cut off is refused with its name" ends 2 "$D/broken.json" as operate apply --plan "$D/broken.json" --yes
jq '.moves[0].vm = 7' "$D/plan.json" >"$D/broken.json"
check "one with a wrong field names it" ends 2 "$D/broken.json: .*moves.*vm" as operate apply --plan "$D/broken.json" --yes
jq '.moves[].to = "h9"' "$D/plan.json" >"$D/others.json"
check "one of other hosts is not safe" ends 3 'the plan is not safe now: .*h9' as operate apply --plan "$D/others.json" --yes
jq '.moves[] |= (.from = "h2" | .to = "h1")' "$D/plan.json" >"$D/stale.json"
check "nor one whose VMs are elsewhere by now" ends 3 'the plan is not safe now: ' as operate apply --plan "$D/stale.json" --yes
jq '.moves[0] as $m | .moves = [range(2000) | $m]' "$D/plan.json" >"$D/large.json"
check "one that is too large says so" ends 2 "$D/large.json is too large: a service accepts 64 KiB" as operate apply --plan "$D/large.json" --yes
check "nothing of it was handed over" [ "$(handed)" = "$before" ]
check "the plan is proposed" as operate apply --plan "$D/plan.json" --propose --id file-1 --json
file_waits() { direct confirm file-1 --json | jq -e --slurpfile p "$D/plan.json" '[.plans[] | select(.id == "file-1") | .plan.moves[] | [.vm, .from, .to]] == [$p[0].moves[] | [.vm, .from, .to]]' >/dev/null; }
check "and waits, with its moves" until_true 20 file_waits
check "it is rejected" as operate confirm file-1 --reject

# ---- what moves VMs is the leader's to do ----
check "a plan is proposed" as operate apply --propose --id night-1 --json
proposed() { direct confirm --json | jq -e '[.plans[] | select(.id == "night-1" and .state == "asked")] | length == 1' >/dev/null; }
check "and waits" until_true 20 proposed
check "a move is shown" same move db h2 --dry-run
check "an evacuation, too" same evacuate h2 --dry-run
check "view moves nothing" says 'needs the role operate' as view move db h2 --yes
move_() { as operate move db h2 --yes --json >"$D/out"; }
check "operate asks for a move" move_
check "which is not waited for" jq -e '.schema == "plimsoll.move/1" and .status == "asked" and .vm == "db"' "$D/out"
asked() { grep -q 'move.told vm="*db"* to=h2 by="token operate (operate, API request [0-9a-f]*)"' "$D/log"; }
check "the leader takes it in, as who asks" until_true 60 asked
check "a host is evacuated" as operate evacuate h2 --yes --why 'new fans'
check "by the service" bash -c "'$B/plimsoll' maintenance status --redis '$R' --cluster t --set 'cluster.hosts=h*' | grep -q 'new fans'"
check "which is not waited for either" as operate maintenance exit h2
"$B/plimsoll" --api "unix:$D/a.sock" status --watch --interval 200ms >"$D/watched" 2>&1 &
watch=$!
twice() { [ "$(grep -c 'h1 ' "$D/watched")" -ge 2 ]; }
check "status is watched" until_true 30 twice
kill -INT $watch
check "until one has seen enough" wait $watch

# ---- what it is not given ----
refused() { # WORDS… : exit 2, and words
	"$B/plimsoll" --api "unix:$D/a.sock" "$@" >"$D/out" 2>"$D/said" && return 1
	[ ! -s "$D/out" ] || return 1
	grep -q 'the service answers: ' "$D/said" || { cat "$D/said"; return 1; }
}
check "no file of the service's machine" refused plan --from /etc/passwd
check "nor to be written" refused plan --output "$D/x"
check "nor one that it explains" refused explain --plan /etc/passwd
check "nor a part of such an option" refused explain --pla /etc/passwd
check "no other store" refused status --redis redis://127.0.0.1:1
check "no other settings" refused status --set service.mode=auto
check "no short option" refused plan -o "$D/x"
check "no command that a roll runs for each host" refused maintenance roll h1 --run true
check "nor one without" not "$B/plimsoll" --api "unix:$D/a.sock" maintenance roll h1
check "but one that the service carries out" not "$B/plimsoll" --api "unix:$D/a.sock" maintenance roll --show
check "no command that is another's" refused token add x
check "nor why" grep -q 'tokens are made where' "$D/said"
check "no plan with another command" not as operate status --plan "$D/plan.json"
check "nor in a body" [ "$(curl -s --unix-socket "$D/a.sock" -X POST -H 'Content-Type: application/json' -d '{"words": [], "plan": {}}' http://localhost/api/v1/commands/status | jq -r '.errors[0].pointer')" = /plan ]
check "no move without a yes" refused move db h2
check "that is said" grep -q 'it needs --yes, or --dry-run' "$D/said"
check "nor a plan" refused apply
check "nor an evacuation of one's own" refused evacuate h2 --yes --force
check "no interval that is none" not afar status --watch --interval never
check "nor one that is none" refused nothing
check "no other cluster" refused status --cluster u
check "its own is one" afar status --cluster t >/dev/null
check "nothing was written" not test -e "$D/x"

# ---- where it is ----
check "no token in the clear to another machine" says 'http:// of this machine' "$B/plimsoll" --api http://drs.example:9180 status
check "no service" says 'one\.sock\|connect' "$B/plimsoll" --api "unix:$D/one.sock" status
check "no command" says 'no command given' "$B/plimsoll" --api "unix:$D/a.sock"
check "no token" says 'needs a token' "$B/plimsoll" --api "http://127.0.0.1:$port" status
check "a wrong one" says 'not known or has expired' env PLIMSOLL_TOKEN=plt_x "$B/plimsoll" --api "http://127.0.0.1:$port" status
check "with --json that is JSON" bash -c "'$B/plimsoll' --api 'http://127.0.0.1:$port' status --json 2>/dev/null | jq -e '.schema == \"plimsoll.error/1\"'"
check "no token in the log" not grep -q plt_ "$D/log"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
