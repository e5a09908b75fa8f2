#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# No file outside policies/ names a policy: no policy_NAME, no text compared with a policy's name. (A policy's
# section of the settings may be read by name where the Problem is laid out: the word is the user's.)
set -u
names=$(sed -n 's/^POLICY(\([a-z_]*\))$/\1/p' policies/policies.def | paste -sd '|')
[ -n "$names" ] || { echo "policies/policies.def: no POLICY(name) in it"; exit 2; }
# A record is a statement, whatever its lines.
git ls-files -z --cached --others --exclude-standard 'scheduler/*.[ch]' 'collectors/*.[ch]' |
xargs -0 awk -v RS=';' -v names="$names" '
        {
                gsub(/[ \t\n]+/, " ")
                if (match($0, "(^|[^A-Za-z0-9_])policy_(" names ")([^A-Za-z0-9_]|$)") ||
                    match($0, "(cmp|text_is)\\(.*\"(" names ")\"")) {
                        print FILENAME " names a policy:" substr($0, RSTART, RLENGTH); bad = 1
                }
        }
        END { exit bad }'
