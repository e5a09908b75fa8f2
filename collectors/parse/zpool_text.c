/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "collectors/parse/zpool_rows.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

typedef struct Reader {
        Arena *a;
        ZfsTable table; /* of the pool under way; name NULL: none yet */
        ZfsRow *rows;   /* room for all */
        uint32_t n_rows;
        bool in_table;
        size_t indent; /* of the table */
        ZfsGroup group;
        ZfsPool *pools;
        ZfsLeaf *leaves;
        ZfsFacts facts;
} Reader;

static size_t indent_of(Span line) {
        size_t n = 0;

        for (size_t i = 0; i < line.n && (line.at[i] == ' ' || line.at[i] == '\t'); i++)
                n += line.at[i] == '\t' ? 8 - n % 8 : 1;
        return n;
}

static bool zpool_text_has(Span line, const char *text) {
        return memmem(line.at, line.n, text, strlen(text)) != NULL;
}

static const char *zpool_text_copied(Reader *r, Span word) {
        return text_copy(r->a, word.at, word.n);
}

static int pool_end(Reader *r) {
        int result = 0;

        if (r->table.name) {
                r->table.rows = r->rows + (r->n_rows - r->table.n_rows);
                result = zfs_table_judge(r->a, &r->table, r->pools, r->leaves, &r->facts);
        }
        r->table = (ZfsTable){ 0 };
        r->in_table = false;
        return result;
}

static int pool_begin(Reader *r, Span name) {
        int result = pool_end(r);

        r->table = (ZfsTable){ .name = zpool_text_copied(r, name),
                               .state = "",
                               .action = "",
                               .progress_permille = UNKNOWN,
                               .data_errors = UNKNOWN };
        r->group = ZFS_DATA;
        return r->table.name ? result : -ENOMEM;
}

/* "  NAME  STATE  READ WRITE CKSUM  notes"; of a spare only the first two; of a group only the first. */
static int row_take(Reader *r, Span line) {
        size_t indent = indent_of(line);
        ZfsRow *row = &r->rows[r->n_rows];
        Span word, state = { 0 }, counts[3] = { 0 };
        bool resilvering =
                zpool_text_has(line, "(resilvering)") || zpool_text_has(line, "(awaiting resilver)");
        uint32_t depth;

        if (!word_next(&line, &word))
                return 0;
        (void) word_next(&line, &state);
        for (size_t i = 0; i < ARRAY_SIZE(counts); i++)
                (void) word_next(&line, &counts[i]);
        depth = indent > r->indent ? (uint32_t) ((indent - r->indent) / 2) : 0;
        if (depth == 0) { /* the pool itself, or "logs" and the like */
                const char *name = zpool_text_copied(r, word);

                const char *own = state.n > 0 ? zpool_text_copied(r, state) : "";

                if (!name || !own)
                        return -ENOMEM;
                r->group = strcmp(name, r->table.name) != 0 ? zfs_group_named(name) : ZFS_DATA;
                return *own ? zfs_word_check(r->a, &r->table, "its own row:", own, &r->facts) : 0;
        }
        *row = (ZfsRow){ .depth = depth,
                         .group = r->group,
                         .name = zpool_text_copied(r, word),
                         .state = text_copy(r->a, state.n > 0 ? state.at : "", state.n),
                         .read = zfs_count(counts[0].at, counts[0].n),
                         .write = zfs_count(counts[1].at, counts[1].n),
                         .checksum = zfs_count(counts[2].at, counts[2].n),
                         .resilvering = resilvering };
        row->path = row->name;
        r->n_rows++;
        r->table.n_rows++;
        return row->name && row->state ? 0 : -ENOMEM;
}

/* "scan: resilver in progress since …", and a line or two on: "… 12.34% done". */
static void zpool_text_scan_take(Reader *r, Span line) {
        if (zpool_text_has(line, "resilver in progress"))
                r->table.action = "resilver";
        else if (zpool_text_has(line, "scrub in progress"))
                r->table.action = "scrub";
}

static void progress_take(Reader *r, Span line) {
        Span word;

        if (!*r->table.action || !zpool_text_has(line, "% done"))
                return;
        while (word_next(&line, &word)) {
                int64_t value;

                if (word.at[word.n - 1] == '%' &&
                    text_to_scaled(word.at, word.n - 1, 10, 0, bound_of(BOUND_SHARE), &value) == 0)
                        r->table.progress_permille = value;
        }
}

static void errors_take(Reader *r, Span line) {
        Span word;

        if (zpool_text_has(line, "No known data errors"))
                r->table.data_errors = 0;
        else if (zpool_text_has(line,
                                "Permanent errors")) /* a list of files follows, where it was asked for */
                r->table.data_errors = 1;
        else if (word_next(&line, &word))
                r->table.data_errors = zfs_count(word.at, word.n);
}

static int zpool_text_line_take(Reader *r, Span line) {
        Span rest = line, key, value = { 0 };

        if (!word_next(&rest, &key)) {
                r->in_table = r->in_table && r->table.n_rows == 0; /* a blank line ends it */
                return 0;
        }
        if (span_is(key, "pool:"))
                return word_next(&rest, &value) ? pool_begin(r, value) : 0;
        if (!r->table.name)
                return 0;
        if (span_is(key, "NAME")) {
                r->in_table = true;
                r->indent = indent_of(line);
                return 0;
        }
        if (span_is(key, "errors:")) {
                r->in_table = false;
                errors_take(r, rest);
                return 0;
        }
        if (r->in_table)
                return row_take(r, line);
        if (span_is(key, "state:")) {
                (void) word_next(&rest, &value);
                r->table.state = text_copy(r->a, value.n > 0 ? value.at : "", value.n);
                return r->table.state ? 0 : -ENOMEM;
        }
        if (span_is(key, "scan:") || span_is(key, "scrub:")) /* up to ZFS 0.6 */
                zpool_text_scan_take(r, rest);
        progress_take(r, line);
        return 0;
}

int zpool_text_parse(Arena *a, const char *text, size_t n, ZfsFacts *ret) {
        Reader r = { .a = a };
        Span rest = { text, n }, line;
        uint32_t lines = 0;
        int result = 0;

        while (line_next(&rest, &line))
                lines++;
        r.rows = arena_new(a, ZfsRow, lines + 1);
        r.pools = arena_new(a, ZfsPool, lines + 1);
        r.leaves = arena_new(a, ZfsLeaf, lines + 1);
        if (!r.rows || !r.pools || !r.leaves)
                return -ENOMEM;
        for (rest = (Span){ text, n }; result == 0 && line_next(&rest, &line);)
                result = zpool_text_line_take(&r, line);
        if (result == 0)
                result = pool_end(&r);
        if (result < 0)
                return result;
        if (r.facts.n_pools == 0 && !r.facts.unread && !memmem(text, n, "no pools available", 18))
                return -EBADMSG;
        r.facts.pools = r.pools;
        r.facts.leaves = r.leaves;
        *ret = r.facts;
        return 0;
}
