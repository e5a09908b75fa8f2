#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No source file over 800 lines; file names are unique in the tree, so that a name finds its file.
set -u
bad=0
files=$(git ls-files --cached --others --exclude-standard '*.c' '*.h')
for f in $files; do
        [ -f "$f" ] || continue
        n=$(wc -l <"$f")
        [ "$n" -le 800 ] || { echo "$f has $n lines; 800 is the most"; bad=1; }
done
twice=$(for f in $files; do [ -f "$f" ] && basename "$f"; done | sort | uniq -d)
[ -z "$twice" ] || { echo "two files of one name: $twice"; bad=1; }
exit $bad
