#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No source file over 650 lines, no test over 800; one stem is one object: a .c, its .h, or both, in one folder, so that a name
# finds its file.
set -u
bad=0
files=$(git ls-files --cached --others --exclude-standard '*.c' '*.h' | while read -r f; do [ ! -f "$f" ] || echo "$f"; done)
# shellcheck disable=SC2086
long=$(wc -l $files | awk '{ most = $2 ~ /^tests\// ? 800 : 650 } $2 != "total" && $1 > most { print $2 " has " $1 " lines; " most " is the most" }')
[ -z "$long" ] || { echo "$long"; bad=1; }
twice=$(for f in $files; do echo "${f%.*}"; done | sort -u |
        awk -F/ '{ at[$NF] = at[$NF] " " $0; n[$NF]++ } END { for (s in n) if (n[s] > 1) print at[s] }')
[ -z "$twice" ] || { echo "one stem in two folders:$twice"; bad=1; }
exit $bad
