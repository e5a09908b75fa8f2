#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Whoever calls a function reads its header alone: for each one that a .h declares, the comment right above it,
# or the one at the top of the header, says Units:, Owner:, Errors: and Threads: ("none" is an answer).
set -u
git ls-files --cached --others --exclude-standard 'scheduler/*.h' 'collectors/*.h' 'policies/*.h' |
        while read -r f; do [ -f "$f" ] && echo "$f"; done | xargs awk '
        BEGIN { n_labels = split("Units Owner Errors Threads", label, " ") }
        function lacks(name,    i, words) {
                for (i = 1; i <= n_labels; i++)
                        if (top !~ (label[i] ":[ ]*[^ ]") && own !~ (label[i] ":[ ]*[^ ]"))
                                words = words (words == "" ? "" : ", ") label[i]
                n++
                if (words == "")
                        return
                print FILENAME ": " name "() is declared, and nothing says its " words
                bad = 1
        }
        FNR == 1 { top = own = text = ""; code = inside = 0 }
        !inside && !/^[ \t]*\/\*/ && $0 != "" { code = 1 }
        /^#/ { macro = /\\$/; next }
        macro { macro = /\\$/; next }
        inside || /^[ \t]*\/\*/ {
                if (!inside)
                        comment = ""
                comment = comment " " $0
                inside = !/\*\//
                if (inside)
                        next
                if (comment ~ /SPDX-License-Identifier/)
                        next
                if (!code && top == "")
                        top = comment
                own = comment
                next
        }
        text != "" { text = text " " $0 }
        text == "" && /^[a-zA-Z_]/ && !/^(typedef|extern|DEFINE_|struct [A-Za-z_]+ \{|enum)/ { text = $0 }
        text == "" || text !~ /[;{]/ { if (/^}/ || $0 == "") own = text == "" ? "" : own; next }
        {
                sub(/[;{].*/, "", text)
                if (match(text, /[A-Za-z_][A-Za-z_0-9]*\(/))
                        lacks(substr(text, RSTART, RLENGTH - 1))
                text = ""
        }
        END {
                if (n < 800) { print "only " n + 0 " functions were found: is this test blind?"; bad = 1 }
                exit bad
        }'
