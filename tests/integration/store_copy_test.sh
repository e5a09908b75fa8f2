#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plimsoll store export and import on real servers: a service's own data and one of every key there may be go out and in again
# byte for byte; what says that something is alive stays out; nothing is overwritten, and nothing is half done.
# Needs redis-server, redis-cli. Argument: the build folder.
set -u
B=$1
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
. tests/story.sh
D=$(mktemp -d) || exit 1
declare -A pids
trap 'kill -9 "${pids[@]}" 2>/dev/null; wait 2>/dev/null; rm -rf "$D"' EXIT
cli() { timeout 5 redis-cli --no-auth-warning -s "$D/$1.sock" "${@:2}" 2>/dev/null; }
answers() { [ "$(cli "$1" ping)" = PONG ]; }
server() { # NAME OPTION...
	mkdir -p "$D/$1"
	redis-server --port 0 --unixsocket "$D/$1.sock" --dir "$D/$1" --save '' "${@:2}" >>"$D/$1.log" 2>&1 &
	pids[$1]=$!
	until_true 10 answers "$1" || { echo "FAILED  no server $1"; story_failed=$((story_failed + 1)); }
}
"$B/plimsoll" store acl --no-passwords 2>/dev/null >"$D/acl"
sed -i 's/^user default off/user default on nopass ~* \&* +@all/' "$D/acl" # the test's own
for n in one two; do server $n --aclfile "$D/acl"; done
copy() { # ACTION SERVER FILE OPTION...
	PLIMSOLL_REDIS=unix://plimsolld:x@$D/$2.sock timeout 30 "$B/plimsoll" store "$1" "$3" "${@:4}" >"$D/out" 2>&1
	status=$?
}
ends() { # STATUS WORDS COPY...
	copy "${@:3}"
	[ $status = "$1" ] && grep -qE "$2" "$D/out" || { cat "$D/out"; echo "= $status"; false; }
}
dump() { # SERVER: all that is in it
	cli "$1" eval '
		local said, keys = {}, redis.call("KEYS", "*")
		table.sort(keys)
		for _, key in ipairs(keys) do
			local type = redis.call("TYPE", key).ok
			said[#said + 1] = key .. " " .. type
			if type == "string" then said[#said + 1] = redis.call("GET", key)
			elseif type == "stream" then said[#said + 1] = redis.call("XRANGE", key, "-", "+")
			elseif type == "zset" then said[#said + 1] = redis.call("ZRANGE", key, 0, -1)
			elseif type == "set" then
				local all = redis.call("SMEMBERS", key)
				table.sort(all)
				said[#said + 1] = all
			else
				local all, pairs = redis.call("HGETALL", key), {}
				for i = 1, #all, 2 do pairs[#pairs + 1] = all[i] .. " = " .. all[i + 1] end
				table.sort(pairs)
				said[#said + 1] = pairs
			end
		end
		return said' 0
}

# ---- one of every key of the table (docs/redis-keys.md, which a test holds to keys.h) ----
rows=$(sed -n 's/^| `plimsoll:{CLUSTER}:\([a-zA-Z:]*\)` | \([a-z]*\) | .*/\1 \2/p' docs/redis-keys.md)
check "the table has its keys" [ "$(wc -l <<<"$rows")" -ge 35 ]
odd='"a\\b" ü 🦜 { [ '$'\t'' x'
fill() { # SERVER: every key, with texts that are not easy
	local key type n=0
	while read -r key type; do
		key="plimsoll:{default}:${key//HOST/h1}"
		n=$((n + 1))
		case $type in
		string) cli "$1" set "${key//NAME/roll}" "$odd $n" ;;
		hash) cli "$1" hset "$key" "f$n" "$odd" "g ü" '' "zz" "$(printf 'two\nlines')" ;;
		set) cli "$1" sadd "$key" "m$n" "ü ü" ;;
		zset) cli "$1" zadd "$key" 0 "m$n" ;;
		stream) for k in 1 2 3; do cli "$1" xadd "$key" "17000000000$n-$k" text "$odd $k"; done ;;
		esac
	done <<<"$rows" >/dev/null
	for name in cool-downs history history-of homes service candidate; do cli "$1" set "plimsoll:{default}:state:$name" "$odd $name" >/dev/null; done
	cli "$1" pexpire 'plimsoll:{default}:state:history' 1000000000 >/dev/null
	cli "$1" set 'plimsoll:{other}:marks' 'not ours' >/dev/null
	for k in $(seq 300); do echo "xadd plimsoll:{default}:audit * text entry-$k"; done | cli "$1" >/dev/null
}
fill one
check "it goes out" ends 0 'keys of cluster default exported' export one "$D/file"
check "and says what stays" grep -q 'left out: reports, leases' "$D/out"
check "each line is JSON of its schema" python3 - "$D/file" <<-'END'
	import json, sys
	lines = [json.loads(l) for l in open(sys.argv[1])]
	assert lines[0]['schema'] == 'plimsoll.store-export/1' and lines[0]['cluster'] == 'default', lines[0]
	assert lines[-1] == {'end': True, 'lines': len(lines) - 2}, lines[-1]
	keys = {(l['key'], l.get('part')) for l in lines[1:-1]}
	left = set(lines[0]['left_out'])
	assert not left & {k for k, p in keys} - {'state'}, left
	for k in 'lease lease:token report pulse alarm peer call peers peers:key moves:asked waiting waiting:answers waiting:handed'.split():
	    assert k in left, k
	for k in 'hosts marks stop journal epoch faults bookings audit records note'.split():
	    assert any(k == key for key, p in keys), k
	assert {p for k, p in keys if k == 'state'} == {'cool-downs', 'history', 'history-of', 'homes'}
	assert all(l['ttl_s'] is None or 0 < l['ttl_s'] <= 1000000 for l in lines[1:-1])
END

cli two set 'plimsoll:{default}:report:h9' 'an agent that runs' >/dev/null
check "it goes in" ends 0 'keys imported into cluster default' import two "$D/file"
check "agents' keys stay" [ "$(cli two get 'plimsoll:{default}:report:h9')" = 'an agent that runs' ]
check "an expiry is kept" [ "$(cli two pttl 'plimsoll:{default}:state:history')" -gt 900000000 ]
check "nothing says that a service leads, or a host reports" [ "$(cli two exists 'plimsoll:{default}:lease' 'plimsoll:{default}:report:h1' 'plimsoll:{default}:state:service')" = 0 ]
kept() { dump "$1" | grep -vE '^(unix|$)' | awk '/^plimsoll:/ { on = $1 !~ /:(report|pulse|peer|alarm|call|peers|peers:ring|peers:key|records:bytes|lease|lease:token|state:(roll|service|candidate)|bookings:changes|moves:told|waiting|journal:words|epoch:answer|brake:released|moves:retry|moves:asked|moves:aborts|waiting:answers|waiting:handed)(:h[19])?$/ && $1 !~ /other/ } on'; }
check "what is kept is the same, byte for byte" diff -q <(kept one) <(kept two)
check "(of some thirty lines at least)" [ "$(kept two | wc -l)" -gt 100 ]
check "the size of the records is counted anew" [ "$(cli two get 'plimsoll:{default}:records:bytes')" = "$(cli two xrange 'plimsoll:{default}:records' - + | grep -v '^text$\|^1700' | tr -d '\n' | wc -c)" ]
check "a second time there is nothing to do" ends 0 'nothing to do' import two "$D/file"
copy export two "$D/again"
check "out of the copy comes the same file" diff -q <(sed 1d "$D/file" | sed 's/"ttl_s":[0-9.]*//') <(sed 1d "$D/again" | sed 's/"ttl_s":[0-9.]*//')
check "through pipes" bash -c "'$B/plimsoll' store export - --redis 'unix://$D/one.sock' 2>/dev/null | '$B/plimsoll' store import - --redis 'unix://$D/two.sock' | grep -q 'nothing to do'"

# ---- nothing is overwritten ----
cli two hset 'plimsoll:{default}:marks' h7 cordoned >/dev/null
before=$(dump two)
unchanged() { [ "$(dump two)" = "$before" ]; }
check "other data: refused" ends 3 'has data of cluster default: hosts, .* and [0-9]+ more. Nothing was changed. Replace it with --replace' import two "$D/file"
check "and all is as it was" unchanged
cli two set 'plimsoll:{default}:lease' '1 svc@h' px 60000 >/dev/null
before=$(dump two)
check "a service leads: refused" ends 3 'service svc@h leads cluster default. Nothing was changed' import two "$D/file" --replace
check "and all is as it was" unchanged
check "unless told so" ends 0 'imported' import two "$D/file" --replace --while-led
check "the lease stays" [ "$(cli two get 'plimsoll:{default}:lease')" = '1 svc@h' ]
cli two del 'plimsoll:{default}:lease' >/dev/null
check "what was there and is not in the file is gone" diff -q <(kept one) <(kept two)
check "another cluster's name: refused" ends 2 'is of cluster default, and service.cluster is west' import two "$D/file" --set service.cluster=west
check "unless it is named" ends 0 'imported into cluster west' import two "$D/file" --cluster west --redis "unix://$D/two.sock"
check "both are there" [ "$(cli two hget 'plimsoll:{west}:marks' zz)" = "$(cli two hget 'plimsoll:{default}:marks' zz)" ]

# ---- all or nothing ----
server small
cli small config set maxmemory 1 >/dev/null
check "a server without memory: nothing is done" ends 1 'OOM' import small "$D/file" --redis "unix://$D/small.sock"
check "at all" [ "$(cli small dbsize)" = 0 ]
cli two flushall >/dev/null
cli two acl setuser plimsolld -xadd >/dev/null
check "an account without one right: nothing is done" ends 1 'NOPERM.*xadd' import two "$D/file"
check "at all" [ "$(cli two dbsize)" = 0 ]
cli two acl setuser plimsolld +xadd >/dev/null
sleep_until_gone() { [ "$(cli two exists 'plimsoll:{default}:state:history')" = 0 ]; }
sed 's/"ttl_s":[0-9.]*,"value":\(.*history\)/"ttl_s":0.001,"value":\1/; s/"taken_at":"[^"]*"/"taken_at":"2026-01-01T00:00:00Z"/' "$D/file" | grep -v '"\(journal\|audit\|records\|faults:log\)"' >"$D/old"
sed -i "s/\"lines\":[0-9]*/\"lines\":$(($(wc -l <"$D/old") - 2))/" "$D/old"
check "what would have expired meanwhile stays away" ends 0 '1 had expired since the export' import two "$D/old"
check "and the rest is there" sleep_until_gone
cli two flushall >/dev/null

# ---- files that are none ----
refused() { # WHAT EDIT(sed) WORDS
	sed -E "$2" "$D/file" >"$D/bad"
	cmp -s "$D/file" "$D/bad" && { echo "FAILED  $1: the file was not changed"; story_failed=$((story_failed + 1)); return; }
	check "refused: $1" ends 2 "bad:[0-9]+(:[0-9]+)?: .*$3" import two "$D/bad"
}
refused "an empty first line" '1s/.*/{}/' 'lacks schema, cluster or taken_at'
refused "another schema" '1s/store-export/record/' 'schema.*accepted: "plimsoll.store-export/1"'
refused "a cluster that is none" '1s/"cluster":"default"/"cluster":"a}b"/' 'no name of a cluster'
refused "a time that is none" '1s/T[0-9:]*Z/ noon/' 'taken_at.*accepted: a time'
refused "a cut file" '$d' 'it is cut'
refused "a cut line" '5s/.$//' ''
refused "a line that is gone" '5d' 'lines are missing'
refused "something after the end" '$a{}' 'after the end'
refused "no JSON" '3s/^/x/' ''
refused "a key nobody knows" '2s/"key":"hosts"/"key":"guests"/' 'unknown key "guests": the file is of another version'
refused "a lease" '2s/"key":"hosts","type":"set"/"key":"lease","type":"string"/' 'key lease is not restored'
refused "a report" '2s/"key":"hosts","type":"set"/"key":"report","part":"h1","type":"string"/' 'key report:h1 is not restored'
refused "a wish of an operator" '2s/"key":"hosts","type":"set"/"key":"moves:asked","type":"hash"/' 'key moves:asked is not restored'
refused "a live state" 's/"part":"homes"/"part":"service"/' 'key state:service is not restored'
refused "another type" '2s/"type":"set"/"type":"hash"/' 'type.*accepted: "set"'
refused "an expiry that is none" '2s/"ttl_s":null/"ttl_s":-3/' 'ttl_s.*accepted: seconds above 0, or null'
refused "a value of another kind" '2s/"value":\[/"value":7,"x":[/' 'value.*accepted: an array'
refused "a member twice" '2s/"value":\[("[^"]*"),/"value":[\1,\1,/' 'stands in it twice'
refused "a name that is none" '2s/"value":\[("[^"]*"),/"value":["a\\nb",/' 'no name'
refused "a zero byte" '2s/"value":\[("[^"]*"),/"value":["a\\u0000b",/' ''
refused "a field nobody knows" '2s/"ttl_s":null/"ttl":null/' 'accepted: key, part, type, ttl_s and value, in this order'
refused "an entry from the future" 's/"17000000000([0-9]+)-3"/"99990000000000000-3"/' 'is from after the file was taken'
refused "entries out of order" 's/"(17000000000[0-9]+)-2"/"\1-9"/' 'accepted: the oldest first'
refused "a key twice" '2{p}' 'stands in the file twice'
check "and the store is empty as before" [ "$(cli two dbsize)" = 0 ]
check "a file that is not there" ends 2 'No such file' import two "$D/nonesuch"
check "no file" bash -c "'$B/plimsoll' store import --redis 'unix://$D/two.sock' 2>&1 | grep -q 'no file given. Name one, or - for standard input'"
check "a word too many" bash -c "'$B/plimsoll' store check x --redis 'unix://$D/two.sock' 2>&1 | grep -q 'check takes no argument \"x\"'"
[ "$story_failed" = 0 ]
