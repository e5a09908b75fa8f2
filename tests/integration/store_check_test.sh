#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plimsoll store check on real servers: each thing that can be wrong with one is made so, found, and gone when it is put right.
# Needs redis-server, redis-cli, and to be allowed a network and a mount of its own. Argument: the build folder.
set -u
B=$(realpath "${1:-build/dev}")
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
if [ -z "${STORE_CHECK:-}" ]; then
	unshare -rmn true 2>/dev/null || { echo "no namespaces"; exit 77; }
	STORE_CHECK=1 exec unshare -rmn "$0" "$B"
fi
. tests/story.sh
ip link set lo up && ip address add 10.9.8.7/32 dev lo || { echo "no addresses"; exit 77; }
D=$(mktemp -d) || exit 1
declare -A pids
trap 'kill -9 "${pids[@]}" 2>/dev/null; wait 2>/dev/null; umount -l "$D/small" 2>/dev/null; rm -rf "$D"' EXIT
mkdir "$D/small"
mount -t tmpfs -o size=2m none "$D/small" || { echo "no tmpfs"; exit 77; }

declare -A port
next=7001
cli() { timeout 5 redis-cli --no-auth-warning -p "${port[$1]}" "${@:2}" 2>/dev/null; }
answers() { cli "$1" ping | grep -qE 'PONG|NOAUTH'; }
server() { # NAME OPTION...
	port[$1]=${port[$1]:-$((next++))}
	mkdir -p "$D/$1"
	redis-server --port "${port[$1]}" --dir "$D/$1" --save '' --repl-diskless-sync-delay 0 --repl-ping-replica-period 1 "${@:2}" >>"$D/$1.log" 2>&1 &
	pids[$1]=$!
	until_true 10 answers "$1" || { echo "FAILED  no server $1"; story_failed=$((story_failed + 1)); tail -n 3 "$D/$1.log"; }
}
store_check() { # URL OPTION...
	PLIMSOLL_REDIS=$1 timeout 20 "$B/plimsoll" store check "${@:2}" >"$D/out" 2>"$D/err"
	status=$?
}
fine() { store_check "$@"; [ $status = 0 ] && ! grep -q ' wrong ' "$D/out"; }
finds() { # TEST WORDS URL OPTION...
	store_check "${@:3}"
	[ $status = 3 ] && grep -qE "^$1 +wrong +.*$2.*\. To do: ." "$D/out"
}
finds_no() { store_check "${@:2}" && ! grep -qE "^$1 +wrong" "$D/out"; }
url() { echo "redis://127.0.0.1:${port[$1]}"; }

# ---- logins: a file for each account, with which it gets in ----
acl() { timeout 20 "$B/plimsoll" store acl --host h1 --host h2 "$@" >"$D/acl" 2>"$D/err"; }
refuses() { # STATUS WORDS OPTION...: and nothing was printed
	acl "${@:3}"
	[ $? = "$1" ] && grep -qE "$2" "$D/err" && [ ! -s "$D/acl" ] || { cat "$D/acl" "$D/err"; false; }
}
check "logins need a URL" refuses 2 'needs the server.s URL' --logins "$D/logins"
check "one without a login" env PLIMSOLL_REDIS=redis://:pw@127.0.0.1 bash -c "! '$B/plimsoll' store acl --logins '$D/logins' 2>'$D/err' && grep -q 'has a login already' '$D/err'"
check "a name that is no file's is refused" refuses 2 'without /' --redis redis://127.0.0.1 --logins "$D/logins" --host a/b
check "the same host twice, too" refuses 2 'agent-h1 already exists' --redis redis://127.0.0.1 --logins "$D/logins" --host h1
check "nothing was made of these" [ ! -e "$D/logins" ]
check "logins are written" acl --redis redis://127.0.0.1:7001/0 --logins "$D/logins" --host 'vé%1'
check "one for each account" [ "$(cd "$D/logins" && echo *)" = 'agent-h1 agent-h2 agent-vé%1 operator plimsolld reader' ]
check "for their owner alone" [ "$(stat -c %a "$D/logins" "$D"/logins/* | sort | uniq -c | xargs)" = '6 600 1 700' ]
before=$(cat "$D"/logins/*)
cp "$D/acl" "$D/logins.acl"
check "none is overwritten" refuses 2 'plimsolld already exists: a login is never overwritten' --redis redis://127.0.0.1:7001 --logins "$D/logins"
check "(they are as they were)" [ "$(cat "$D"/logins/*)" = "$before" ]
server logins --appendonly yes --aclfile "$D/logins.acl"
gets_in() { # ACCOUNT: a shell reads the file, and it is let in as that account
	# shellcheck disable=SC1090
	(set -a && . "$D/logins/$1" && timeout 20 "$B/plimsoll" store check) >"$D/out" 2>&1 && grep -qE '^connection +ok' "$D/out" && grep -qE "^account +ok.*$1" "$D/out" || { cat "$D/out"; false; }
}
for who in plimsolld operator reader agent-h1 agent-vé%1; do check "$who gets in by its login" gets_in "$who"; done

# ---- a good one: with the accounts that Plimsoll prints ----
"$B/plimsoll" store acl --no-passwords --host h1 --host h2 >"$D/acl" 2>/dev/null
server good --appendonly yes --aclfile "$D/acl"
as() { echo "redis://$1:x@127.0.0.1:${port[good]}"; }
for who in plimsolld operator reader agent-h1; do check "a good server: $who finds nothing wrong" fine "$(as $who)"; done
check "what an agent may not ask is not tested" grep -qE '^persistence +not-tested' "$D/out"
check "an account of another role is too narrow" finds account 'too narrow: no right to set' "$(as reader)" --role service
check "or too wide" finds account 'too wide: has the right to wait, .*write plimsoll' "$(as operator)" --role reader
check "another host's agent is too narrow" finds account 'too narrow: no right to .* and [0-9]+ more' "$(as agent-h1)" --role agent --host h2
check "a role nobody has is refused" bash -c "! PLIMSOLL_REDIS=$(as reader) '$B/plimsoll' store check --role boss 2>'$D/err' && grep -q 'unknown role \"boss\"; accepted: agent' '$D/err'"
PLIMSOLL_REDIS=$(as reader) "$B/plimsoll" store check --json >"$D/json"
check "JSON says the same" python3 - "$D/json" <<-'END'
	import json, sys
	o = json.load(open(sys.argv[1]))
	assert o['schema'] == 'plimsoll.store-check/1' and o['state'] == 'ok' and o['role'] == 'reader', o
	assert {f['test'] for f in o['findings']} >= {'connection', 'version', 'tls', 'login', 'account', 'clock', 'persistence', 'eviction', 'memory', 'replicas'}
	assert all(f['state'] in ('ok', 'not-tested', 'wrong') and f['what'] and (f['state'] != 'wrong' or f['why'] and f['to_do']) for f in o['findings'])
END
check "an account that is none" finds connection 'WRONGPASS' "$(as nobody)"
cli good acl setuser boss on nopass '~*' +@all >/dev/null

# ---- accounts ----
server plain
P=$(url plain)
check "a server as it comes: no password" finds login 'the default user needs no password' "$P"
check "and an account that may do all" finds account '"default" as service is too wide: has the right to flushall' "$P"
check "nothing that it writes outlives it" finds persistence 'neither append-only file nor snapshots are on' "$P"
cli plain acl setuser plimsolld on nopass $(sed -n 's/^user plimsolld on nopass //p' "$D/acl" | sed 's/ ~plimsoll:{default}:marks / /') >/dev/null
U="redis://plimsolld:x@127.0.0.1:${port[plain]}"
check "an account that lacks a key" finds account 'too narrow: no right to read plimsoll:{default}:marks, write plimsoll:{default}:marks' "$U"
cli plain acl setuser plimsolld '~plimsoll:{default}:marks' -hset >/dev/null
check "an account that lacks a command" finds account 'too narrow: no right to hset' "$U"
cli plain acl setuser plimsolld +hset '~*' >/dev/null
check "an account with others' keys" finds account 'too wide: has the right to .*store-check' "$U"
cli plain acl setuser plimsolld resetkeys $(sed -n 's/^user plimsolld on nopass resetkeys //p' "$D/acl" | sed 's/ resetchannels.*//') >/dev/null
check "put right, it is fine" bash -c "! grep -q '^account.*wrong' <(PLIMSOLL_REDIS='$U' '$B/plimsoll' store check)"

# ---- what it keeps ----
cli plain config set appendonly yes >/dev/null
check "with an append-only file" bash -c "! grep -q '^persistence.*wrong' <('$B/plimsoll' store check --redis '$P')"
cli plain config set maxmemory-policy allkeys-lru >/dev/null
cli plain config set appendfsync no >/dev/null
check "which the kernel writes when it likes" finds persistence 'appendfsync is no: a crash of its machine' "$P"
cli plain config set appendfsync everysec >/dev/null
check "keys may be evicted" finds eviction 'maxmemory-policy is allkeys-lru' "$P"
cli plain config set maxmemory-policy noeviction >/dev/null
cli plain config set maxmemory "$(($(cli plain info memory | sed -n 's/^used_memory:\([0-9]*\).*/\1/p') * 10 / 9))" >/dev/null
check "memory is nearly full" finds memory 'MiB used \((8[0-9]|9[0-9]) %\)' "$P"
cli plain config set maxmemory 0 >/dev/null
cli plain config set appendonly no >/dev/null
rm -rf "$D/plain"
cli plain bgsave >/dev/null
check "a snapshot that failed" until_true 10 finds persistence 'the last snapshot \(BGSAVE\) failed' "$P"
server full --dir "$D/small" --appendonly yes --appendfsync everysec --auto-aof-rewrite-percentage 0
F=$(url full)
check "room for its file" finds_no persistence "$F"
head -c 4000000 /dev/zero >"$D/small/fill" 2>/dev/null
cannot_append() { cli full set x "$(head -c 100000 /dev/zero | tr '\0' x)" >/dev/null; finds persistence 'the last write to the append-only file failed' "$F"; }
check "and none any more" until_true 10 cannot_append
rm "$D/small/fill"
check "room again" until_true 10 finds_no persistence "$F"

# ---- clock ----
now_plus() { python3 -c 'import struct, sys, time; sys.stdout.buffer.write(struct.pack("<q", int((time.time() + float(sys.argv[1])) * 1e6)))' "$1" | dd of="$D/clock" conv=notrunc status=none; } # it is mapped
now_plus 3600
LD_PRELOAD=$B/libredis_clock.so REDIS_CLOCK=$D/clock server late --appendonly yes
check "a clock an hour ahead" finds clock "the server's clock is 3[56][0-9][0-9]\.[0-9] s ahead of ours" "$(url late)"
now_plus -60
check "a clock a minute behind" finds clock "the server's clock is [56][0-9]\.[0-9] s behind ours" "$(url late)"
now_plus 0

# ---- the way there ----
server far --bind 10.9.8.7 127.0.0.1 --protected-mode no --appendonly yes
check "in the clear over a network" finds tls 'connection to 10.9.8.7:[0-9]+ without TLS' "redis://10.9.8.7:${port[far]}"
check "over loopback that is no fault" finds_no tls "$(url far)"
check "nobody answers" finds connection 'Connection refused' "redis://127.0.0.1:1"

# ---- replicas and sentinels ----
server first --appendonly yes
O=$(url first)
check "one server is as good as it gets alone" finds_no replicas "$O"
cli first config set min-replicas-to-write 1 >/dev/null
check "a replica is asked for, and there is none" finds replicas '0 replicas in step, min-replicas-to-write is 1: Redis refuses writes now' "$O"
server second --replicaof 127.0.0.1 "${port[first]}"
check "two servers: a fail-over would stop it" until_true 10 finds replicas '2 servers, min-replicas-to-write is 1: after a fail-over' "$O"
check "a replica that is asked" finds replicas 'is a replica: it refuses writes' "$(url second)"
check "a lag of a lease and more" finds replicas 'min-replicas-max-lag is 10 s, service.lease 5.0 s' "$O"
cli first config set min-replicas-max-lag 4 >/dev/null
server third --replicaof 127.0.0.1 "${port[first]}"
check "three servers" until_true 10 finds_no replicas "$O"
kill -STOP "${pids[third]}"
check "a replica that does not keep up" until_true 20 finds replicas "replica ip=127.0.0.1 is not in step: port=${port[third]}" "$O"
kill -CONT "${pids[third]}"
check "and does again" until_true 10 finds_no replicas "$O"
for n in 1 2 3; do
	port[s$n]=$((next++))
	mkdir "$D/s$n"
	printf 'port %s\ndir %s\nsentinel monitor plimsoll 127.0.0.1 %s 2\n' "${port[s$n]}" "$D/s$n" "${port[first]}" >"$D/s$n/sentinel.conf"
	redis-server "$D/s$n/sentinel.conf" --sentinel >>"$D/s$n.log" 2>&1 &
	pids[s$n]=$!
	until_true 10 answers s$n
done
S="redis+sentinel://127.0.0.1:${port[s1]},127.0.0.1:${port[s2]},127.0.0.1:${port[s3]}/plimsoll"
all_sentinels() { for n in 1 2 3; do sentinel_sees s$n || return 1; done; }
sentinel_sees() { cli "$1" sentinel ckquorum plimsoll | grep -q '^OK 3'; }
check "three sentinels see each other" until_true 20 all_sentinels
check "a master that is missed for half a minute" finds sentinels 'down-after-milliseconds 30000' "$S"
check "and fails over late" finds sentinels 'failover-timeout 180000' "$S"
for n in 1 2 3; do
	cli s$n sentinel set plimsoll down-after-milliseconds 5000 >/dev/null
	cli s$n sentinel set plimsoll failover-timeout 30000 >/dev/null
done
check "put right" finds_no sentinels "$S"
check "and told" grep -qE '^sentinels +ok +3 sentinels, quorum 2, master 127.0.0.1:' "$D/out"
cli first config set min-replicas-to-write 0 >/dev/null
check "a master that may write alone" finds replicas 'min-replicas-to-write is 0: a master that was cut off' "$S"
cli s2 sentinel set plimsoll quorum 3 >/dev/null
check "a quorum that needs all" finds sentinels 'quorum 3 of 3 sentinels' "$S"
cli s2 sentinel set plimsoll quorum 2 >/dev/null
kill -9 "${pids[s2]}" "${pids[s3]}"
check "a sentinel that is gone" finds sentinels "127.0.0.1:${port[s3]}: Connection refused" "$S"
check "and the majority with it" until_true 60 finds sentinels 'NOQUORUM' "$S"
check "a master that no sentinel knows" finds connection 'know no master' "${S%/*}/nonesuch"
check "a sentinel in place of a server" finds connection 'unknown command' "$(url s1)"
check "and what it is to be reached by" grep -q 'To do: .*redis+sentinel://' "$D/out"
[ "$story_failed" = 0 ] || cat "$D/out" "$D/err"
[ "$story_failed" = 0 ]
