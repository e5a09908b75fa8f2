#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No source file over 800 lines; one stem is one object: a .c, its .h, or both, in one folder, so that a name
# finds its file.
set -u
bad=0
files=$(git ls-files --cached --others --exclude-standard '*.c' '*.h' | while read -r f; do [ ! -f "$f" ] || echo "$f"; done)
# shellcheck disable=SC2086
long=$(wc -l $files | awk '$2 != "total" && $1 > 800 { print $2 " has " $1 " lines; 800 is the most" }')
[ -z "$long" ] || { echo "$long"; bad=1; }
twice=$(for f in $files; do echo "${f%.*}"; done | sort -u |
        awk -F/ '{ at[$NF] = at[$NF] " " $0; n[$NF]++ } END { for (s in n) if (n[s] > 1) print at[s] }')
[ -z "$twice" ] || { echo "one stem in two folders:$twice"; bad=1; }
exit $bad
