#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Whose words are taken: files of faults.d and commands of exec that others may write are refused and named, and are no fault; a
# password is refused on a command line, taken from a settings file, the environment or a credential, and shown nowhere.
# Needs root (files of another owner), redis-server. Argument: the build folder.
set -u
B=$1
. tests/story.sh
[ "$(id -u)" = 0 ] || { echo "not root: it makes files of another user"; exit 77; }
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
chmod 711 "$D"
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" --requirepass S3CRET >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
until_true 5 redis-cli -s "$D/r.sock" -a S3CRET ping >/dev/null 2>&1 || exit 1

# ---- faults.d ----
F=$D/faults
mkdir -m 755 "$F"
fault() { printf '{"schema": "plimsoll.fault/1", "device": "%s", "grade": 4, "why": "hunter2"}' "$1"; }
other() { chown 65534:65534 "$@"; }
fault good >"$F/good.json"
fault secret >"$D/elsewhere.json"
ln -s "$D/elsewhere.json" "$F/link.json"
ln -s /dev/zero "$F/zero.json"
mkfifo "$F/fifo.json"
mkdir "$F/folder.json"
fault nobody >"$F/nobody.json" && other "$F/nobody.json"
fault world >"$F/world.json" && chmod 666 "$F/world.json"
fault group >"$F/group.json" && chown 0:65534 "$F/group.json" && chmod 664 "$F/group.json"
head -c 1000000 /dev/zero >"$F/huge.json"
fault odd >"$F/$(printf 'a\377').json"
agent() { timeout 20 "$B/plimsoll-agent" --once --print --json --interval 200ms --collectors "$1" --set "$2" >"$D/out" 2>"$D/err" </dev/null; }
grades() { # DEVICE: the grade that is told for the file
	python3 -c '
import json, sys
for s in json.load(open(sys.argv[1]))["sections"]:
    for x in s["samples"]:
        if x["metric"] == sys.argv[2] and x.get("subject") == sys.argv[3]:
            print(x["value"])' "$D/out" "$1" "$2" 2>>"$D/python"
}
refused() { [ -z "$(grades fault.grade "$1")" ] && [ -z "$(grades fault.unreadable "$1")" ] && grades item.unread "$1" | grep -q "$2"; }
agent faults_d "faults_d.dir=$F"
check "a file of root is a fault" [ "$(grades fault.grade good.json)" = 4 ]
check "a link is not followed" refused link.json 'it is a symbolic link'
check "nor one to a device" refused zero.json 'it is a symbolic link'
check "a pipe is not waited for" refused fifo.json 'it is not a regular file'
check "a folder is none" refused folder.json 'it is not a regular file'
check "one of another user is refused" refused nobody.json 'owned by user 65534; accepted: root or the'
check "one that anybody may write is refused" refused world.json 'it is world-writable (mode 0666)'
check "one that a group may write is refused" refused group.json 'it is writable by group 65534'
check "a name that is none is told of" refused faults.d 'files with invalid names are ignored'
check "a huge one of root is a tool that broke: said" bash -c "grep -q 'at most 65536' '$D/out'"
check "no word of what was refused is told" not grep -q hunter2 <(grep -v good "$D/out" | grep -v '"value": "hunter2"' ; grades fault.why link.json)
for mode in 777 775; do
	chmod $mode "$F"
	chown 0:65534 "$F"
	agent faults_d "faults_d.dir=$F"
	check "no file of a folder that others may write (mode $mode)" refused faults.d 'it is w.*ritable'
	check "not even root's" [ -z "$(grades fault.grade good.json)" ]
done
chmod 1777 "$F"
agent faults_d "faults_d.dir=$F"
check "in a sticky folder root's own counts" [ "$(grades fault.grade good.json)" = 4 ]
check "and others' do not" refused nobody.json 'it is owned by user'
chmod 755 "$F"
mkdir "$D/up" && mv "$F" "$D/up/faults" && F=$D/up/faults && chmod 777 "$D/up"
agent faults_d "faults_d.dir=$F"
check "nor where a folder above it is anybody's" refused faults.d "$D/up: it is world-writable"
chmod 755 "$D/up"

# said once, by an agent that goes on
REDISCLI_AUTH=S3CRET PLIMSOLL_REDIS="unix://:S3CRET@$D/r.sock" "$B/plimsoll-agent" --host h1 --interval 100ms --collectors faults_d --set "faults_d.dir=$F" 2>"$D/agent.log" &
agent=$!
reports() { [ "0$(redis-cli -s "$D/r.sock" -a S3CRET get 'plimsoll:{default}:report:h1' 2>/dev/null | sed -n '1s/.* seq=\([0-9]*\).*/\1/p')" -ge "$1" ]; }
check "an agent with its URL in the environment reports" until_true 20 reports 5
kill $agent
wait $agent
check "what is refused is said once in its log" [ "$(grep -c collector.unread "$D/agent.log")" = 1 ]
check "with name and reason" grep -q 'first=[a-z.]*json why="' "$D/agent.log"
check "the log has no password" not grep -q S3CRET "$D/agent.log"

# ---- exec ----
printf '#!/bin/sh\necho "{\\"device\\": \\"x\\", \\"grade\\": 4}"\ntouch %s/RAN\n' "$D" >"$D/tool"
chmod 755 "$D/tool"
run() { rm -f "$D/RAN"; agent exec "exec.commands=$D/tool"; }
run
check "a command of root is run" [ "$(grades fault.grade tool)" = 4 ]
not_run() { [ ! -e "$D/RAN" ] && refused 'tool (command)' "$1"; }
chmod 777 "$D/tool" && run
check "one that anybody may write is not" not_run 'it is world-writable (mode 0777)'
chmod 755 "$D/tool" && other "$D/tool" && run
check "nor one of another user" not_run 'it is owned by user 65534'
chown 0:0 "$D/tool" && chmod 733 "$D" && run
check "nor one in a folder that anybody may write" not_run 'it is world-writable (mode 0733)'
chmod 711 "$D"
mkdir -m 777 "$D/open" && ln -s "$D/tool" "$D/open/tool"
rm -f "$D/RAN" && agent exec "exec.commands=$D/open/tool"
check "nor by a link in such a folder" not_run "$D/open: it is world-writable"

# ---- passwords ----
U=unix://:S3CRET@$D/r.sock
complains() { # COMMAND…: exit 2, says what is accepted, and not the password
	timeout 20 "$@" >"$D/out" 2>&1 </dev/null
	[ $? = 2 ] && grep -q 'everybody on this machine can read' "$D/out" && not grep -q S3CRET "$D/out"
}
check "plimsoll refuses a password on its command line" complains "$B/plimsoll" status --redis "$U"
check "in --set, too" complains "$B/plimsoll" status --set "service.redis=$U"
check "plimsolld refuses it" complains "$B/plimsolld" --once --redis "$U"
check "the agent refuses it" complains "$B/plimsoll-agent" --once --redis "$U"
check "a user's name in a libvirt URI is none" not complains "$B/plimsoll" snapshot --hosts qemu+ssh://root@127.0.0.1:1/system
printf 'service:\n  redis: %s\n' "$U" >"$D/p.yaml"
chmod 644 "$D/p.yaml"
check "a settings file with one that everybody may read is refused" bash -c "'$B/plimsoll' status --settings '$D/p.yaml' >'$D/out' 2>&1; [ \$? = 2 ] && grep -q 'mode 0644' '$D/out'"
check "without showing it" not grep -q S3CRET "$D/out"
chmod 600 "$D/p.yaml"
shows() { grep -q '1 hosts\|h1' "$D/out" && not grep -q S3CRET "$D/out"; }
look() { timeout 20 "$@" >"$D/out" 2>&1 </dev/null; }
look "$B/plimsoll" status --settings "$D/p.yaml"
check "one of mode 0600 is taken" shows
look env PLIMSOLL_REDIS="$U" "$B/plimsoll" status
check "the environment is" shows
mkdir -m 700 "$D/credentials" && printf '%s\n' "$U" >"$D/credentials/plimsoll-redis"
look env CREDENTIALS_DIRECTORY="$D/credentials" PLIMSOLL_REDIS=unix:///nowhere "$B/plimsoll" status
check "a credential is, before the environment" shows
look "$B/plimsoll" settings show --settings "$D/p.yaml"
check "settings show has three stars" bash -c "grep -q 'unix://:\*\*\*@' '$D/out' && ! grep -q S3CRET '$D/out'"
look "$B/plimsoll" settings show --json --settings "$D/p.yaml"
check "as JSON, too" not grep -q S3CRET "$D/out"
for url in redis://:S3CRET@nohost.invalid:1/ redis://S3CRET@nohost.invalid:1/ http://:S3CRET@nohost.invalid:1/ "unix://u:S3CRET@/nowhere/r.sock" "redis://:S3CRET%@h"; do
	look env PLIMSOLL_REDIS="$url" "$B/plimsoll" status
	check "an error does not show it: $url" not grep -q S3CRET "$D/out"
done
PLIMSOLL_REDIS=$U timeout 20 "$B/plimsolld" --once --mode advise --verbose --state-dir "$D/state" >"$D/svc.log" 2>&1
check "the service plans with it" grep -q round.planned "$D/svc.log"
check "and its log does not show it" not grep -q S3CRET "$D/svc.log"
redis-cli -s "$D/r.sock" -a S3CRET --scan 2>/dev/null | while read -r key; do redis-cli -s "$D/r.sock" -a S3CRET dump "$key" 2>/dev/null; done >"$D/dump"
check "nor does anything in the store" not grep -qa S3CRET "$D/dump"
[ "$story_failed" = 0 ]
