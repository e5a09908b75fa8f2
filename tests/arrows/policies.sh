#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No file outside policies/ names a policy: no policy_NAME, no text compared with a policy's name. (A policy's
# section of the settings may be read by name where the Problem is laid out: the word is the user's.)
set -u
names=$(sed -n 's/^POLICY(\([a-z_]*\))$/\1/p' policies/policies.def | paste -sd '|')
[ -n "$names" ] || { echo "policies/policies.def: no POLICY(name) in it"; exit 2; }
bad=0
for f in $(git ls-files --cached --others --exclude-standard 'scheduler/*.[ch]' 'collectors/*.[ch]'); do
        [ -f "$f" ] || continue
        said=$(tr -s '[:space:]' ' ' <"$f" |
                grep -oE "\bpolicy_($names)\b|\bstr(n|case|ncase)?cmp\([^;]*\"($names)\"|text_is\([^;]*\"($names)\"")
        [ -z "$said" ] || { echo "$f names a policy: $said"; bad=1; }
done
exit $bad
