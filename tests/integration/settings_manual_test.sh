#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The settings and their rules as an operator meets them: the manual is what the program prints, every example in the
# documents is right, mistakes are said with line and column, and --strict asks whether rules select something.
set -u
BUILD=$(realpath "${1:-build/dev}")
plimsoll=$BUILD/plimsoll
dir=$(mktemp -d "${TMPDIR:-/tmp}/plimsoll-settings.XXXXXX")
trap 'rm -rf "$dir"' EXIT
failed=0
check() {
	local what=$1
	shift
	if "$@" >"$dir/out" 2>&1; then echo "ok      $what"; else
		echo "FAILED  $what: $*"
		head -n 20 "$dir/out"
		failed=1
	fi
}
fails_with() { # fails_with STATUS PATTERN COMMAND...
	local status=$1 pattern=$2
	shift 2
	"$@" >"$dir/said" 2>&1
	[ $? = "$status" ] && grep -Eq -- "$pattern" "$dir/said" || { cat "$dir/said"; return 1; }
}

"$plimsoll" settings doc --markdown >"$dir/settings.md"
check "docs/settings.md is what settings doc --markdown prints (write it anew: plimsoll settings doc --markdown > docs/settings.md)" \
	diff -u docs/settings.md "$dir/settings.md"
check "the example file is good" "$plimsoll" settings check --settings deploy/examples/plimsoll.yaml

awk '/^```yaml/ { on = 1; n++; next } /^```/ { on = 0 } on { print > ("'"$dir"'/example-" n ".yaml") }' docs/rules.md
for f in "$dir"/example-*.yaml; do
	check "example $(basename "$f" .yaml) of docs/rules.md is good" "$plimsoll" settings check --settings "$f"
done
for kind in $("$plimsoll" settings doc --markdown | sed -n 's/^\*\*\([a-z-]*\)\*\*:.*/\1/p'); do
	check "docs/rules.md has an example of $kind" grep -Eq "^  - $kind: " docs/rules.md
done

cat >"$dir/bad.yaml" <<'END'
rules:
  - appart: group:db
END
check "a mistake is said with line and column" \
	fails_with 2 'bad.yaml:2:5: .*did you mean .apart' "$plimsoll" settings check --settings "$dir/bad.yaml"
printf 'rules:\n  - appart: group:db\nload:\n  hedroom_cpu: 1\nplan: {threshold: 9}\n' >"$dir/worse.yaml"
all_said() { "$plimsoll" settings check --settings "$dir/worse.yaml" 2>&1 | grep -Eo 'worse.yaml:[0-9]+:[0-9]+' | tr '\n' ' '; }
check "every mistake is said, in order" test "$(all_said)" = "worse.yaml:2:5 worse.yaml:4:3 worse.yaml:5:19 "
check "and is bad input for plan too" \
	fails_with 2 'bad.yaml:2:5' "$plimsoll" plan --from deploy/examples/forty-hosts.json --settings "$dir/bad.yaml"

cat >"$dir/gone.yaml" <<'END'
rules:
  - apart: group:nobody
END
from=(--from deploy/examples/forty-hosts.json --settings "$dir/gone.yaml")
check "a rule that selects nothing is a warning" fails_with 0 'line 2\) selects no VM' "$plimsoll" settings check "${from[@]}"
check "an error with --strict" fails_with 2 'selects no VM' "$plimsoll" settings check --strict "${from[@]}"
typo=(--from tests/scenarios/a-typo-in-a-list-is-named/cluster.json --settings tests/scenarios/a-typo-in-a-list-is-named/settings.yaml)
check "so is one word of a list, named with the nearest right one" \
	fails_with 0 'line 4\): h33: host not found; did you mean h3\? \(a warning' "$plimsoll" settings check "${typo[@]}"
check "and an error with --strict" fails_with 2 'line 2\): db22: VM not found; did you mean db2\?$' "$plimsoll" settings check --strict "${typo[@]}"
check "and --strict needs a source" fails_with 2 'needs data' "$plimsoll" settings check --strict
note() { "$plimsoll" plan "${from[@]}" | grep -q 'note:.*selects no VM'; }
check "the plan has it as a note" note
note_json() { "$plimsoll" plan "${from[@]}" --json | grep -q '"notes"'; }
check "its JSON too" note_json
same_facts() {
	"$plimsoll" snapshot --from deploy/examples/forty-hosts.json --set 'rule=apart: "*"' >"$dir/with.json" &&
		"$plimsoll" snapshot --from deploy/examples/forty-hosts.json | cmp - "$dir/with.json"
}
check "a snapshot holds facts, not rules of the settings" same_facts
exit "$failed"
