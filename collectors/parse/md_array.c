/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/md_array.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "collectors/parse/redundancy.h"
#include "collectors/parse/word_list.h"
#include "scheduler/base/text.h"

#define DISKS_MOST INT64_C(4096)

/* Each is one line. */
static bool md_array_word_of(MdText text, Span *ret) {
        Span rest = { text.at, text.n }, line;

        return text.at && line_next(&rest, &line) && word_next(&line, ret);
}

static int64_t md_array_number_of(MdText text, int64_t most) {
        Span word;
        int64_t value;

        if (!md_array_word_of(text, &word) || text_to_int(word.at, word.n, 0, most, &value) < 0)
                return UNKNOWN;
        return value;
}

static const char *state_word(Span s, int64_t lost, int64_t redundancy) {
        if (span_is(s, "clear") || span_is(s, "inactive"))
                return "inactive";
        if (span_is(s, "broken") || redundancy < 0)
                return "failed";
        return lost > 0 ? "degraded" : "optimal";
}

/* raid10's layout: near copies in the low byte, far copies in the next (md.rst). */
static int64_t copies_of(const MdFiles *f) {
        int64_t layout = md_array_number_of(f->layout, INT32_MAX);

        return layout > 0 ? (layout & 0xff) * (layout >> 8 & 0xff) : 0;
}

typedef struct Flags {
        bool faulty, in_sync, spare, replacement, journal, suspect;
} Flags;

static Flags flags_of(Span state) {
        Flags f = { 0 };

        while (state.n > 0) {
                const char *comma = memchr(state.at, ',', state.n);
                Span word = { state.at, comma ? (size_t) (comma - state.at) : state.n };

                f.faulty |= span_is(word, "faulty");
                f.in_sync |= span_is(word, "in_sync");
                f.spare |= span_is(word, "spare");
                f.replacement |= span_is(word, "replacement");
                f.journal |= span_is(word, "journal");
                f.suspect |= span_is(word, "write_error") || span_is(word, "want_replacement") ||
                             span_is(word, "blocked");
                state = (Span){ state.at + word.n + (comma != NULL), state.n - word.n - (comma != NULL) };
        }
        return f;
}

typedef struct Members {
        WordList working, lost, suspects;
        int64_t n_working, spares;
} Members;

static int member_count(const MdMemberFiles *m, Members *to) {
        Span state, slot;
        Flags f;

        if (!md_array_word_of(m->state, &state))
                return -EBADMSG;
        f = flags_of(state);
        if (f.journal && !f.faulty)
                return 0;
        if (f.faulty)
                words_add(&to->lost, m->name);
        else if (f.in_sync)
                words_add(&to->working, m->name);
        if (f.suspect && !f.faulty)
                words_add(&to->suspects, m->name);
        /* a replacement stands beside the one it will replace, in one slot */
        to->n_working += f.in_sync && !f.faulty && !f.replacement;
        to->spares += f.spare && !f.faulty && md_array_word_of(m->slot, &slot) && span_is(slot, "none");
        return 0;
}

/* "1234 / 129024" sectors, or "none", "delayed". */
static int64_t progress_of(MdText text) {
        Span rest = { text.at, text.n }, line;
        uint64_t done, all;
        Span slash;

        if (!text.at || !line_next(&rest, &line) || number_next(&line, &done) != 0 ||
            !word_next(&line, &slash) || !span_is(slash, "/") || number_next(&line, &all) != 0 || all == 0 ||
            done > all)
                return UNKNOWN;
        return (int64_t) ((unsigned __int128) done * 1000 / all);
}

int md_array_parse(Arena *a, const MdFiles *files, MdArray *ret) {
        MdArray x = { .wanted = md_array_number_of(files->raid_disks, DISKS_MOST) };
        Span level, state, action;
        Members *members = arena_new(a, Members, 1);
        int64_t lost, redundancy;

        if (!members)
                return -ENOMEM;
        if (!md_array_word_of(files->level, &level) || !md_array_word_of(files->array_state, &state) ||
            x.wanted < 0)
                return -EBADMSG;
        for (uint32_t i = 0; i < files->n_members; i++)
                if (member_count(&files->members[i], members) < 0)
                        return -EBADMSG;
        x.level = text_copy(a, level.at, level.n);
        x.working = words_join(&members->working, a);
        x.lost = words_join(&members->lost, a);
        x.suspects = words_join(&members->suspects, a);
        if (!x.level || !x.working || !x.lost || !x.suspects)
                return -ENOMEM;
        x.n_working = members->n_working < x.wanted ? members->n_working : x.wanted;
        x.spares = members->spares;
        lost = x.wanted - x.n_working;
        redundancy = array_redundancy(x.level, x.wanted, lost, copies_of(files));
        x.redundancy = redundancy == INT64_MIN ? UNKNOWN : redundancy > 0 ? redundancy : 0;
        x.state = state_word(state, lost, redundancy == INT64_MIN ? 0 : redundancy);
        /* raid10 counts the worst case; the kernel knows whether it still runs */
        if (strcmp(x.level, "raid10") == 0 && redundancy < 0 && !span_is(state, "broken"))
                x.state = strcmp(x.state, "failed") == 0 ? "degraded" : x.state;
        x.mismatches = md_array_number_of(files->mismatch_cnt, INT64_MAX);
        x.progress_permille = UNKNOWN;
        if (md_array_word_of(files->sync_action, &action) && !span_is(action, "idle") &&
            !span_is(action, "frozen")) {
                x.action = text_copy(a, action.at, action.n);
                if (!x.action)
                        return -ENOMEM;
                x.progress_permille = progress_of(files->sync_completed);
        }
        *ret = x;
        return 0;
}
