#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A test waits for what it wants to see (until_true of tests/story.sh; a loop in C), never for a time: then it fails on a
# busy machine, and is slow on a quiet one. So no story sleeps longer than 0.3 s and no test in C longer than 250 ms, but
# for a line that says why there is nothing to wait for.
set -u
git ls-files --cached --others --exclude-standard 'tests/story.sh' 'tests/lab/story.sh' 'tests/integration/*.sh' 'tests/*_test.c' \
        'tests/*_fixture.h' | while read -r f; do [ ! -f "$f" ] || echo "$f"; done | xargs awk '
        function told(why) { print FILENAME ":" FNR ": " why ": wait for a condition, or say on the line why there is none: " $0; bad = 1 }
        FILENAME ~ /\.sh$/ && /(^|[;&|({ \t])sleep [^#]*$/ && !/^[ \t]*#/ {
                n = $0; sub(/.*(^|[;&|({ \t])sleep +/, "", n)
                if (n !~ /^[0-9.]+/ || n + 0 > 0.3) told("a story sleeps")
        }
        FILENAME ~ /\.[ch]$/ && /(clock_sleep|[^_a-z]sleep|usleep)\(/ && !/(\/\*.*\*\/|\/\/)/ && !/static|#define/ && !/"[^"]*sleep\(/ {
                n = $0; sub(/.*sleep\(/, "", n)
                if ($0 ~ /usleep\([0-9]+\)/ && n + 0 <= 250000) next
                if (n ~ /^([0-9]+ \* )?USEC_PER_MSEC\)/ && n + 0 <= 250) next
                if (n ~ /^USEC_PER_SEC \/ [0-9]+\)/) { sub(/^USEC_PER_SEC \/ /, "", n); if (n + 0 >= 4) next }
                told("a test sleeps")
        }
        END { exit bad }'
