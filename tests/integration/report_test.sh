#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# plimsoll report: one HTML file that needs nothing else, says what plan --json says, and has what comes from outside as text, never
# as markup. Needs python3. Argument: the build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
. tests/story.sh
B=$(realpath "${1:-build/dev}")
D=$(mktemp -d) || exit 1
trap 'rm -rf "$D"' EXIT
FORTY=deploy/examples/forty-hosts.json

cat >"$D/look.py" <<'P'
"""look.py FILE.html PLAN.json: all elements are closed, none runs or loads anything, and each move of the plan is a row."""
import html.parser, json, re, sys
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.faults, self.elements, self.rows, self.text = [], [], set(), [], []
    def handle_starttag(self, tag, attrs):
        self.elements.add(tag)
        for name, value in attrs:
            if name.startswith('on') or name in ('href', 'src', 'action', 'xlink:href', 'data', 'srcset', 'poster', 'background') or name == 'style':
                self.faults.append(f'<{tag} {name}={value!r}>')
        if tag == 'tr':
            self.rows.append('')
        if tag not in ('meta', 'br'):
            self.open.append(tag)
    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        self.open.pop()
    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            self.faults.append(f'</{tag}> closes another element')
    def handle_data(self, data):
        self.text.append(data)
        if 'tr' in self.open:
            self.rows[-1] += ' ' + data
page, source = Page(), open(sys.argv[1], encoding='utf-8').read()
page.feed(source)
page.close()
known = set('html head meta title style body header main section h1 h2 p dl dt dd code div table thead tbody tr th td span br figure svg line polyline circle text rect'.split())
page.faults += [f'<{e}> is none of its elements' for e in page.elements - known]
if page.open: page.faults.append(f'not closed: {page.open}')
if re.search(r'url\(|@import', source): page.faults.append('its style loads something')
moves = json.loads(open(sys.argv[2], encoding='utf-8').read().replace('\u202e', '?').replace('\\u202e', '?'))['moves']  # what is not harmless is shown so
for m in moves:
    if not any(m['vm'] in r and f"{m['from']} → {m['to']}" in r and m['why'] in below for r, below in zip(page.rows, page.rows[1:])):
        page.faults.append(f"no row of {m['vm']}")
print('\n'.join(page.faults[:10]))
sys.exit(bool(page.faults) or not moves)
P

check "a report is written" "$B/plimsoll" report --from $FORTY -o "$D/forty.html" --set load.headroom_cpu=12%
"$B/plimsoll" plan --from $FORTY -o "$D/forty.plan" --set load.headroom_cpu=12% >"$D/out"
check "it stands alone, and has each move with its reason" python3 "$D/look.py" "$D/forty.html" "$D/forty.plan"
check "its digest is that of the plan's file" grep -q "$(sha256sum <"$D/forty.plan" | cut -d' ' -f1)" "$D/forty.html"
check "so is its sum" grep -qF "$(grep -o '[0-9]* moves in [0-9]* waves, .*' "$D/out" | head -n 1)" "$D/forty.html"
check "what fewer moves gain is drawn" grep -q '<polyline class="curve"' "$D/forty.html"
check "what is set stands in it" grep -q 'load.headroom_cpu</th><td>12%' "$D/forty.html"
check "and nothing that is not" not grep -q 'service.interval</th>' "$D/forty.html"
check "what was supposed, too" bash -c "'$B/plimsoll' report --from $FORTY --without kvm07 --max-moves 5 | grep -q 'What if: .*kvm07'"
check "a file that cannot be written is an error" bash -c "! '$B/plimsoll' report --from $FORTY --max-moves 1 -o '$D/none/x.html' 2>'$D/err' && grep -q none/x.html '$D/err'"

# ---- names that would be markup, a script, an attribute's end, a direction ----
python3 - $FORTY "$D/hostile.json" <<'P'
import json, sys
evil = ['<img src=x onerror=alert(1)>', '"><script>alert(1)</script>', "' onmouseover='alert(1)", '</style><svg onload=alert(1)>', '&lt;b&gt;', '<!--', ']]>', 'a\u202egpj']
s = json.load(open(sys.argv[1], encoding='utf-8'))
names = {v['name']: f'{evil[i % len(evil)]}{i}' for i, v in enumerate(s['vms'])} | {h['name']: f'{evil[i % 5]}h{i}' for i, h in enumerate(s['hosts'])}
def renamed(x):  # rules name VMs and hosts, too
    if isinstance(x, dict): return {k: renamed(v) for k, v in x.items()}
    return [renamed(v) for v in x] if isinstance(x, list) else names.get(x, x) if isinstance(x, str) else x
s = renamed(s)
s['cluster'] = '</title><script>alert(1)</script>'
json.dump(s, open(sys.argv[2], 'w', encoding='utf-8'))
P
"$B/plimsoll" plan --from "$D/hostile.json" -o "$D/hostile.plan" >/dev/null 2>"$D/err"
case $? in
0 | 3)
	"$B/plimsoll" report --from "$D/hostile.json" -o "$D/hostile.html" >/dev/null 2>&1
	check "hostile names are text" python3 "$D/look.py" "$D/hostile.html" "$D/hostile.plan"
	check "and stand there as they are written" grep -q '&lt;img src=x onerror=alert(1)&gt;' "$D/hostile.html"
	;;
*) check "the snapshot with hostile names is read: $(head -c 300 "$D/err")" false ;;
esac
[ "$story_failed" = 0 ]
