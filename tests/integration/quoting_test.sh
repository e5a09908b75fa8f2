#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Names and texts full of escape sequences (members, fields and parts of every key there is), C1 controls, bidi overrides and what is not seen, in every carrier (reports, marks,
# journal, waiting plans, the service's state, snapshot and settings files, words of the command line), and every command as
# table and as JSON, and the service's and the agent's log: none of it is printed as it is. Needs redis-server, python3.
# Argument: the build folder.
set -u
B=$1
. tests/story.sh
command -v redis-server >/dev/null && command -v redis-cli >/dev/null || { echo "no redis-server, no redis-cli"; exit 77; }
D=$(mktemp -d) || exit 1
redis-server --port 0 --unixsocket "$D/r.sock" --save '' --dir "$D" >"$D/redis.log" 2>&1 &
redis=$!
trap 'kill $redis 2>/dev/null; wait $redis 2>/dev/null; rm -rf "$D"' EXIT
until_true 5 redis-cli -s "$D/r.sock" ping >/dev/null || exit 1
U=unix://$D/r.sock

# ---- what may be printed: UTF-8 without what is not harmless; on a terminal also the program's own styles ----
cat >"$D/look.py" <<'P'
import re, sys
files, seen = [a for a in sys.argv[1:] if a[:2] != '--'], False
for name in files:
    data = open(name, 'rb').read()
    if '--tty' in sys.argv:  # styles, and CR LF
        data = re.sub(rb'\x1b\[(0|1|2|31|32|33)m', b'', data).replace(b'\r\n', b'\n')
    try:
        text = data.decode()
    except UnicodeDecodeError as e:
        sys.exit(f'{name}: not UTF-8 at {e.start}: {data[max(0, e.start - 40):e.start + 20]!r}')
    bad = re.search('[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u115f\u1160\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e0fff]', text)
    if bad:
        sys.exit(f'{name}: U+{ord(bad.group()):04X} at {bad.start()}: {text[max(0, bad.start() - 40):bad.end() + 20]!r}')
    seen = seen or 'evil' in text
if '--seen' in sys.argv and not seen:
    sys.exit(f'nothing hostile was to be seen, the carrier is not shown: {text[:300]!r}')
P
clean() { python3 "$D/look.py" "$@"; }

# ---- the carriers ----
cat >"$D/feed.py" <<'P'
import json, re, subprocess, sys, time
sock, folder = sys.argv[1], sys.argv[2]
us = int(time.time() * 1e6)
C1, BIDI, ZW, LINE = '\u009b31mevil', '\u202eevil\u2066', 'evil\u200b\ufeff', 'evil\u2028\u2029'
C0 = 'evil\x1b]0;owned\x07\x1b[2J\x1b[31mRED\x7f\n2026-01-01T00:00:00Z info lease.taken self=forged\r'
ALL = C1 + BIDI + ZW + LINE + '\U000e0041'
def key(k): return 'plimsoll:{default}:' + k
def redis(*words):
    r = subprocess.run(['redis-cli', '-s', sock, '-x', *words[:-1]], input=words[-1] if isinstance(words[-1], bytes) else words[-1].encode(),
                       capture_output=True)
    assert r.returncode == 0 and not r.stdout.startswith(b'ERR'), (words[:2], r.stdout)
def report(host, vms, fault):
    lines = [f'plimsoll.report/1 {host} sent={us} seq=1 every=600000000', f'@host {us}', 'host.cpus\t\t16', 'host.daemon\t\t1', f'host.uri\t\tqemu+tls://{ALL}/system',
             f'host.cpu.model\t\t{ALL}', 'host.cpu.busy\t\t9000', f'@memory {us}', 'host.memory.total\t\t65536', 'host.memory.available\t\t30000', f'@vms {us}']
    for i, n in enumerate(vms):
        lines += [f'vm.uuid\t{n}\t00000000-0000-4000-8000-{abs(hash((host, n))) % 10**12:012d}', f'vm.state\t{n}\trunning', f'vm.vcpus\t{n}\t2', f'vm.memory\t{n}\t4096',
                  f'vm.cpu\t{n}\t{1200 if host == HOSTS[0] else 100}', f'vm.dirty\t{n}\t0', f'vm.title\t{n}\t{ALL}', f'vm.labels\t{n}\tk={C1}', f'vm.groups\t{n}\tg{BIDI}']
    lines += [f'@faults_d {us}', f'fault.grade\tpsu{C1}\t{fault}', f'fault.why\tpsu{C1}\t{ALL}', f'@agent {us}', f'collector.error\tsmart\t{ALL}']
    return '\n'.join(lines) + '\n'
HOSTS = ['h1' + C1, 'h2' + BIDI, 'h3' + ZW, 'h4']
for i, h in enumerate(HOSTS):
    redis('set', key('report:' + h), report(h, [f'v{i}{k}{n}' for k, n in enumerate((C1, BIDI, ZW, LINE, 'plain'))], 3 if i == 1 else 0))
    redis('sadd', key('hosts'), h)
redis('hset', key('marks'), 'h4', json.dumps({'schema': 'plimsoll.mark/1', 'state': 'maintenance', 'by': ALL, 'why': ALL, 'at': us}))
redis('hset', key('marks'), HOSTS[2], b'{"schema": "plimsoll.mark/1", "state": "maintenance", "by": "evil\x9b\xc2\x9b31m", "at": 1}')
for event in ('started', 'done', 'failed'):
    for mess in (C0, ALL):
        redis('xadd', key('journal'), '*', 'text', json.dumps({'schema': 'plimsoll.journal/1', 'event': event, 'id': 'x/1/' + event, 'vm': 'v' + mess, 'uuid': 'u' + mess,
              'from': HOSTS[0], 'to': HOSTS[1], 'at': us, 'message': mess, 'from_uri': mess, 'to_uri': mess, 'ms': 1, 'bytes': 1, 'downtime_ms': 1}))
redis('hset', key('waiting'), 'w' + C1, json.dumps({'schema': 'plimsoll.waiting/1', 'id': 'w' + C1, 'state': 'asked', 'made_at': us,
      'until': us * 2, 'kinds': ['balance'], 'summary': C0 + ALL, 'record': C0, 'plan': {}}))
redis('hset', key('waiting:answers'), 'w1', json.dumps({'schema': 'plimsoll.answer/1', 'yes': True, 'by': C0, 'at': us}))
redis('set', key('note:roll'), json.dumps({'schema': 'plimsoll.roll/1', 'by': C0 + ALL, 'at': 1, 'process': '1/1', 'run_sha256': '0', 'at_once': 1, 'left': [HOSTS[0]], 'done': [C0]}))
redis('set', key('state:service'), json.dumps({'schema': 'plimsoll.service/1', 'leader': C0 + ALL, 'mode': 'auto', 'written_at': us, 'round_at': us, 'summary': C0 + ALL,
      'plan_status': C0, 'over_limit': 0, 'moves': [{'vm': C0 + ALL, 'from': C1, 'to': BIDI, 'phase': 'failed', 'message': C0 + ALL}],
      'stays': [{'vm': ALL, 'host': C0, 'why': C0 + ALL}], 'stays_all': 1, 'paused': C0 + ALL,
      'waiting': [{'id': C0 + ALL, 'kinds': C0, 'summary': C0 + ALL, 'moves': 1, 'until': us * 2}]}))
# every key there is (keys.h): what is no name as a member, a field, a part of the key; what is no text as a value
keys = re.findall(r'KEY\((\w+), "([^"]+)", "(\w*)", "(\w+)"', re.sub(r'/\*.*?\*/', '', open('scheduler/store/keys.h').read(), flags=re.S))
assert len(keys) > 25, keys
ODD = [C0.encode(), b'evil\x9b\x1b[31m\xff', b'evil' * 80, b'evil\x00\x1b]0;x\x07', (C1 + BIDI).encode(), b'']
HARD = [json.dumps({k: C0 + ALL for k in ('schema', 'host', 'device', 'by', 'why', 'vm', 'status', 'text')}).encode(), b'evil\x1b[2J\x9b\n\xff', ALL.encode()]
def put_(k, words):  # any bytes, as arguments of a script: redis-cli's own quoting
    quote = lambda b: '"' + ''.join('\\x%02x' % c for c in b) + '"'
    r = subprocess.run(['redis-cli', '-s', sock], input=(words[0] + ' ' + quote(key(k).encode() if isinstance(k, str) else k) + ' ' + ' '.join(map(quote, words[1:])) + '\n').encode(),
                       capture_output=True)
    assert r.returncode == 0 and b'ERR' not in r.stdout and b'WRONGTYPE' not in r.stdout, (k, words[0], r.stdout)
for name, k, part, kind in keys:
    for i, odd in enumerate(ODD):
        hard = HARD[i % len(HARD)]
        if part:
            put_(key(k + ':').encode() + odd, ['SET', hard])
        elif kind == 'hash' and name != 'EPOCH':
            put_(k, ['HSET', odd, hard])
        elif kind == 'set':
            put_(k, ['SADD', odd])
        elif kind == 'zset':
            put_(k, ['ZADD', b'1', odd])
        elif kind == 'stream':
            put_(k, ['XADD', b'*', b'text', hard])
            put_(k, ['XADD', b'*', odd, hard])
put_('lease', ['SET', b'7 ' + (C1 + BIDI).encode()])
put_('epoch', ['HSET', b'loss', json.dumps({'schema': 'plimsoll.loss/1', 'id': 'a', 'at': us, 'by': BIDI, 'why': ALL, 'before': ALL, 'emptied': [C0, ALL], 'closed': [C1]}).encode()])
put_('brake', ['HSET', HOSTS[0].encode(), ('held %d %s' % (us, C1)).encode()])
put_('faults:log', ['XADD', b'*', b'text', json.dumps({'at': us, 'host': C0, 'device': ALL, 'was': 0, 'is': 3, 'why': C0 + ALL, 'hazard': C1}).encode()])
put_('records', ['XADD', b'*', b'text', json.dumps({'schema': 'plimsoll.record/1', 'at': us, 'mode': C0 + ALL, 'plan': {'status': C0 + ALL, 'moves': []}}).encode()])
for h in HOSTS[:2]:
    for part in ('pulse', 'peer', 'alarm'):
        put_(key(part + ':' + h).encode(), ['SET', HARD[1]])
# files: a snapshot, settings
uuid = '00000000-0000-4000-8000-%012d'
open(folder + '/s.json', 'w').write(json.dumps({'schema': 'plimsoll.snapshot/1', 'cluster': 'c' + ALL, 'taken_at': us // 10**6, 'hosts': [
    {'name': h, 'cpus': 16, 'memory_mib': 65536} for h in HOSTS], 'vms': [
    {'name': f'v{k}{n}', 'uuid': uuid % k, 'host': HOSTS[0], 'vcpus': 4, 'memory_mib': 8192, 'cpu': 3.5, 'groups': ['g' + n]}
    for k, n in enumerate((C1, BIDI, ZW, LINE, 'plain'))]}, ensure_ascii=False))
open(folder + '/broken.json', 'w').write('{"schema": "plimsoll.snapshot/1", "evil\u009b\u202e\\u001b[31m": 1, "hosts": [{"name": "\\u001b]0;evil\\u0007"}]}')
open(folder + '/raw.json', 'wb').write(b'{"evil\x9b\x1b[31m')
open(folder + '/bad.yaml', 'w').write(f'balance:\n  evil{BIDI}: 1\n"e\\evil{C1}": {{}}\nrules:\n  - apart: "evil\\e[31m{C1}"\n')
open(folder + '/good.yaml', 'w').write('rules:\n  - apart: "v*\\u202eevil"\n  - near: "evil\\u009b31m\\u200b"\n    to: "\\U000e0001evil"\nservice:\n  redis: unix://' + sock + '\n')
P
python3 "$D/feed.py" "$D/r.sock" "$D" || exit 1

# ---- every command, as table and as JSON ----
E=$'evil\e[31m\u009b\u202e\xff'
V=$'v04plain' H4=h4
try() { # NAME ARGUMENTS…
	local name=$1 bad=0
	shift
	for json in "" --json; do
		timeout 30 "$B/plimsoll" "$@" ${json:+"$json"} >"$D/out$json" 2>"$D/err$json" </dev/null
		[ $? -lt 124 ] || { echo "$* $json: $(tail -1 "$D/err$json")"; bad=1; }
	done
	clean "$D/out" "$D/err" "$D/out--json" "$D/err--json" || bad=1
	return $bad
}
lines=$(sed -n 's/^COMMAND(\(.*\))$/\1/p' scheduler/app/commands/commands.def)
[ -n "$lines" ] || exit 1
for command in $lines; do
	case $command in
	plan) set -- "plan" "plan --all" "plan --without h4" ;;
	place | capacity) set -- "$command --vcpus 1 --memory 1GiB --group $E" "$command --vcpus 1 --memory 1GiB" ;;
	explain) set -- "explain $V" "explain $E" "explain $V $E" ;;
	confirm) set -- "confirm" "confirm $E --yes" "confirm w1" ;;
	evacuate) set -- "evacuate $H4 --dry-run" "evacuate $E" ;;
	move) set -- "move $V --dry-run" "move $V $H4 --dry-run" "move $E $E" "move $V $E" ;;
	maintenance) set -- "maintenance status" "maintenance enter $E" "maintenance exit $E" "maintenance enter h4 --why $E" "maintenance roll --all --plan" "maintenance roll --resume" ;;
	snapshot) set -- "snapshot -o $D/taken.json" "snapshot -o -" ;;
	stop) set -- "stop" "stop --why $E" "resume" ;;
	resume | release) set -- "$command" "$command $E" "$command h4" ;;
	store) set -- "store" "store acknowledge --why $E" "store acl" "store check" "store export -" ;;
	host) set -- "host list" "host admit --all --why $E" "host admit --all" "host admit $E" "host forget $E" "host $E" ;;
	replay) set -- "replay --list" "replay last" "replay $E" ;;
	faults) set -- "faults" "faults log" "faults clear $E $E" "faults --all" ;;
	check | apply | import | roadef) set -- "$command $D/broken.json" "$command $D/raw.json" "$command $E" ;;
	settings) set -- "settings show" "settings check" "settings show --set $E=1" "settings check $E" "settings check $D/bad.yaml" ;;
	*) set -- "$command" "$command $E" ;; # a new one, or one that takes no word
	esac
	for words; do
		IFS=' ' read -ra each <<<"$words"
		check "plimsoll $(cat -v <<<"$words") --redis" try "$command" "${each[@]}" --redis "$U"
		case $command in
		plan | explain | place | capacity | frontier | status | check | evacuate | move)
			check "plimsoll $(cat -v <<<"$words") --from" try "$command" "${each[@]}" --from "$D/s.json" ;;
		esac
	done
done
for file in broken.json raw.json "$E"; do
	check "plimsoll plan --from $(cat -v <<<"$file")" try plan plan --from "$D/$file"
done
for file in bad.yaml good.yaml; do
	check "plimsoll settings check --settings $file" try settings settings check --settings "$D/$file"
	check "plimsoll settings show --settings $file" try settings settings show --settings "$D/$file"
	check "plimsoll plan --settings $file" try plan plan --from "$D/s.json" --settings "$D/$file"
done
check "plimsoll $(cat -v <<<"$E")" try x "$E"
check "plimsoll plan --$(cat -v <<<"$E")" try x plan "--$E"
check "plimsoll status --redis $(cat -v <<<"$E")" try x status --redis "$E"

# that it was there to be seen
seen() { timeout 30 "$B/plimsoll" "$@" --redis "$U" >"$D/out" 2>&1; clean "$D/out" --seen; }
seen_on_terminal() {
	TERM=xterm LANG=C.UTF-8 script -qec "timeout 30 '$B/plimsoll' $* --redis $U" /dev/null </dev/null >"$D/out" 2>&1
	clean "$D/out" --tty --seen
}
for words in status plan faults "maintenance status"; do
	check "hostile names are shown by plimsoll $words" seen $words
	command -v script >/dev/null && check "and on a terminal, with styles" seen_on_terminal $words
done

# ---- the service's log, and the agent's ----
timeout 30 "$B/plimsolld" --once --verbose --mode confirm --redis "$U" --settings "$D/good.yaml" --state-dir "$D/state" >"$D/svc" 2>&1
check "the service's log has none of it" clean "$D/svc" --seen
check "one event, one line: none is forged" not grep -E '^[^ ]+ info lease.taken self=forged' "$D/svc"
check "each line is time, level, event" not grep -vE '^[0-9TZ:-]{20} (debug|info|warning|error) [a-z._]+ ' "$D/svc"
mkdir "$D/faults"
printf '{"schema":"plimsoll.fault/1","device":"x\\u001b[31mevil","grade":3,"why":"evil\\u202eb \\u009b31m\\n2026 info forged.line"}' >"$D/faults/evil.json"
printf '{"evil\xc2\x9b\x1b[31m' >"$D/faults/$E.json"
for json in "" --json; do
	timeout 30 "$B/plimsoll-agent" --once --print ${json:+"$json"} --interval 200ms --collectors faults_d --set "faults_d.dir=$D/faults" >"$D/agent" 2>&1
	check "the agent prints none of it $json" clean "$D/agent" ${json:+--seen}
done
[ "$story_failed" = 0 ]
