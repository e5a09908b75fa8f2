#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Every source file names its licence in its first line; a script in the line after its #!.
set -u
{
        git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.def' '*.ld' '*.sh' '*.py' '*.cmake' '*CMakeLists.txt'
        git ls-files --stage | awk '$1 == 100755 { sub(/^[^\t]*\t/, ""); print }'
} | sort -u | while read -r f; do [ ! -f "$f" ] || echo "$f"; done | awk -v line='SPDX-License-Identifier: Apache-2.0' '
        {
                file = $0; first = ""
                getline first < file
                if (first ~ /^#!/) getline first < file
                close(file)
                if (first != "/* " line " */" && first != "# " line) { print file ": does not begin with: " line; bad = 1 }
        }
        END {
                if (NR < 500) { print "only " NR " files were looked at: is this a checkout?"; bad = 1 }
                exit bad
        }'
