#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Looks at the API are made once and sent to all who ask the same: gzipped for who takes that, not at all to who has it already (ETag,
# 304), with the bytes that the command prints, and never as it was before an action. Needs redis-server, redis-cli, curl, jq, gzip.
# Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
needs redis-server redis-cli curl jq gzip
. tests/api_story.sh
service=
trap 'kill $service $redis 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
at=$(date +%s)000000
for h in $(seq 20); do
	printf 'plimsoll.report/1 h%s sent=%s seq=1 every=600000000\n@host %s\nhost.cpus\t\t8\nhost.daemon\t\t1\nhost.cpu.busy\t\t1000\n@memory %s\nhost.memory.total\t\t65536\nhost.memory.available\t\t40000\n@vms %s\nvm.uuid\tv%s\t11111111-1111-4111-8111-%012d\nvm.state\tv%s\trunning\nvm.vcpus\tv%s\t1\nvm.memory\tv%s\t1024\nvm.cpu\tv%s\t700\n' \
		"$h" "$at" "$at" "$at" "$at" "$h" "$h" "$h" "$h" "$h" "$h" | redis-cli -s "$D/r.sock" -x set "plimsoll:{t}:report:h$h" >/dev/null
done
settings=(--set 'cluster.hosts=h*' --set snapshot.stale_after=1h)
"$B/plimsolld" --redis "$R" --cluster t --mode advise --interval 1h --state-dir "$D" "${settings[@]}" --set api.socket="$D/a.sock" \
	--set api.rate=1000 2>"$D/log" &
service=$!
U=http://localhost/api/v1
get() { rm -f "$D/body"; curl -s --max-time 30 -D "$D/head" -o "$D/body" -w '%{http_code}' --unix-socket "$D/a.sock" "$@"; }
is() { # CODE curl's words…
	local want=$1 got
	shift
	got=$(get "$@")
	[ "$got" = "$want" ] || { echo "        $got"; cat "$D/head"; return 1; }
}
head_() { grep -Eiq -- "$1" "$D/head" || { cat "$D/head"; return 1; }; }
tag() { sed -n 's/^[Ee][Tt]ag: *\(.*\)\r$/\1/p' "$D/head"; }
planned() { curl -s --unix-socket "$D/a.sock" http://localhost/metrics | grep -q '^plimsoll_round_timestamp_seconds{cluster="t"} [1-9]'; }
check "a round was made" until_true 30 planned

# ---- once made, for all ----
tagged() { # two looks within the second for which the first is fresh
	is 200 $U/status && first=$(tag) && cp "$D/body" "$D/plain" && is 200 -H 'Accept-Encoding: gzip' $U/status && [ -n "$first" ] && [ "$(tag)" = "$first" ]
}
check "status has an ETag, and keeps it while it is fresh" until_true 10 tagged
check "gzipped for who takes it" head_ '^content-encoding: gzip'
check "which caches are told" head_ '^vary: accept-encoding'
check "it is the same" bash -c "gzip -dc '$D/body' | cmp - '$D/plain'"
check "and a fifth as large" [ "$(($(stat -c %s "$D/plain") / $(stat -c %s "$D/body")))" -ge 5 ]
check "who does not take it has it plain" is 200 -H 'Accept-Encoding: gzip;q=0, br' $U/status
check "without that word" not head_ '^content-encoding'
had() { is 200 $U/hosts && is 304 -H "If-None-Match: $(tag)" $U/hosts; }
check "who has it is told so" until_true 10 had
check "and sent nothing" test ! -s "$D/body"
check "with the headers of every answer" head_ "^content-security-policy: default-src 'none'"
check "who has another is sent it" is 200 -H 'If-None-Match: W/"0"' $U/hosts
check "another page is another answer" is 200 "$U/hosts?limit=2&sort=-name"
check "of its own" jq -e '.limit == 2 and (.items | length) == 2 and .items[0].name == "h9"' "$D/body"
check "HEAD has the headers alone" bash -c "curl -sI --unix-socket '$D/a.sock' $U/hosts | grep -qi '^etag: W/'"
check "what is none is not kept" is 404 $U/hosts/h99
check "nor has it an ETag" not head_ '^etag'
check "a question that plans has none either" is 200 "$U/capacity?vcpus=1&memory=1GiB"
check "(it is asked anew each time)" not head_ '^etag'

# ---- what the command prints ----
bytes() { # PATH COMMAND…
	local path=$1
	shift
	"$B/plimsoll" "$@" --json --redis "$R" --cluster t "${settings[@]}" >"$D/want" && is 200 "$U/$path" && cmp "$D/want" "$D/body"
}
check "maintenance, byte by byte" bytes maintenance maintenance status
status_bytes() { # taken_at is of the second, and so is what is said of the time since then
	"$B/plimsoll" status --all --json --redis "$R" --cluster t "${settings[@]}" | jq -S 'del(.taken_at, .service.written_at)' >"$D/want" &&
		is 200 $U/status && jq -S 'del(.taken_at, .service.written_at)' "$D/body" | cmp "$D/want"
}
check "status" status_bytes

# ---- many at once ----
crowd() {
	local i pids=()
	for i in $(seq 60); do
		curl -s --max-time 30 -o "$D/of.$i" -w '%{http_code}\n' --unix-socket "$D/a.sock" "$U/vms?limit=$((i % 3 + 1))" >"$D/code.$i" &
		pids+=($!)
	done
	wait "${pids[@]}"
	[ "$(cat "$D"/code.* | sort | uniq -c | tr -s ' ')" = " 60 200" ] || { cat "$D"/code.* | sort | uniq -c; return 1; }
	for i in $(seq 60); do [ "$(jq '.items | length' "$D/of.$i")" = $((i % 3 + 1)) ] || return 1; done
}
check "sixty who ask for three pages are each sent theirs" crowd

# ---- never as it was before an action ----
for i in 1 2 3; do
	check "h$i goes into maintenance" is 200 -X PUT -H 'Content-Type: application/json' -d '{}' "$U/hosts/h$i/maintenance"
	check "and the next look has it" bash -c "curl -s --unix-socket '$D/a.sock' $U/status | jq -e '[.hosts[] | select(.name == \"h$i\")][0].state == \"maintenance\"'"
	check "back into service" is 200 -X DELETE "$U/hosts/h$i/maintenance"
	check "the next look has that" bash -c "curl -s --unix-socket '$D/a.sock' '$U/hosts?limit=500' | jq -e '[.items[] | select(.name == \"h$i\")][0].state == \"active\"'"
done

# ---- what is done is said to be done, also where its command has words alone ----
lost() { curl -s --unix-socket "$D/a.sock" $U/status | jq -e '.store_forgotten != null and (.store_forgotten.acknowledged | not)' >/dev/null; }
redis-cli -s "$D/r.sock" --scan --pattern '*report*' | while read -r key; do redis-cli -s "$D/r.sock" --raw dump "$key" | head -c -1 >"$D/dump.${key##*:}"; done
redis-cli -s "$D/r.sock" flushall >/dev/null
for f in "$D"/dump.*; do redis-cli -s "$D/r.sock" -x restore "plimsoll:{t}:report:${f##*.}" 0 <"$f" >/dev/null; done
"$B/plimsoll" maintenance enter h5 --redis "$R" --cluster t "${settings[@]}" >/dev/null 2>&1 # calls a round
check "the store has forgotten" until_true 30 lost
check "an admin acknowledges that" is 200 -X PUT -H 'Content-Type: application/json' -d '{"why": "it was flushed"}' $U/store/acknowledged
check "done" jq -e '.done' "$D/body"
check "and so it is" not lost
ends() {
	kill $service
	wait $service
}
check "it ends well" ends
check "no sanitizer has anything to say" not grep -E 'AddressSanitizer|runtime error|LeakSanitizer' "$D/log"
[ "$story_failed" = 0 ] || tail -n 20 "$D/log"
echo "$story_checks checks"
[ "$story_failed" = 0 ]
