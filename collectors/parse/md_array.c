/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/md_array.h"

#include <errno.h>
#include <string.h>

#include "collectors/parse/lines.h"
#include "collectors/parse/redundancy.h"
#include "collectors/parse/word_list.h"
#include "scheduler/base/text.h"
#include "scheduler/model/bounds.h"

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

/* array_state: md.rst. */
static bool state_is_known(Span s) {
        static const char *const all[] = { "clear",       "inactive", "suspended", "readonly",
                                           "read-auto",   "clean",    "active",    "write-pending",
                                           "active-idle", "broken",   "clear-ro",  "active-readonly" };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                if (span_is(s, all[i]))
                        return true;
        return false;
}

static const char *state_word(Span s, int64_t lost, int64_t redundancy) {
        if (span_is(s, "clear") || span_is(s, "inactive"))
                return "inactive";
        if (span_is(s, "broken") || redundancy < 0)
                return "failed";
        if (lost > 0)
                return "degraded";
        return state_is_known(s) ? "optimal" : "unknown";
}

/* raid10's layout: near copies in the low byte, far copies in the next (md.rst). */
static int64_t copies_of(const MdFiles *f) {
        int64_t layout = md_array_number_of(f->layout, bound_of(BOUND_TOOL_ID));

        return layout > 0 ? (layout & 0xff) * (layout >> 8 & 0xff) : 0;
}

typedef struct Flags {
        bool faulty, in_sync, spare, replacement, journal, suspect;
} Flags;

/* Of dev-XXX/state; false: none of its words says what the member is good for. */
static bool flags_of(Span state, Flags *ret) {
        static const struct {
                const char *word;
                size_t at;
        } words[] = {
                { "faulty", offsetof(Flags, faulty) },
                { "in_sync", offsetof(Flags, in_sync) },
                { "spare", offsetof(Flags, spare) },
                { "replacement", offsetof(Flags, replacement) },
                { "journal", offsetof(Flags, journal) },
                { "write_error", offsetof(Flags, suspect) },
                { "want_replacement", offsetof(Flags, suspect) },
                { "blocked", offsetof(Flags, suspect) },
        };
        Flags f = { 0 };

        while (state.n > 0) {
                const char *comma = memchr(state.at, ',', state.n);
                Span word = { state.at, comma ? (size_t) (comma - state.at) : state.n };

                for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                        if (span_is(word, words[i].word))
                                *(bool *) ((char *) &f + words[i].at) = true;
                state = (Span){ state.at + word.n + (comma != NULL), state.n - word.n - (comma != NULL) };
        }
        *ret = f;
        return f.faulty || f.in_sync || f.spare || f.journal;
}

typedef struct Members {
        WordList working, lost, suspects;
        int64_t n_working, n_odd, spares;
} Members;

static int member_count(Arena *a, const char *array, const MdMemberFiles *m, Members *to, Unread **unread) {
        Span state = { "", 0 }, slot;
        Flags f = { 0 };

        (void) md_array_word_of(m->state, &state);
        /* one without a word is being added, or taken away */
        if (!flags_of(state, &f) && !f.suspect && state.n > 0) {
                const char *word = text_copy(a, state.at, state.n),
                           *what = text_format(a, "%.40s: state", m->name);

                to->n_odd++;
                return word && what ? unread_word(a, unread, array, what, word) : -ENOMEM;
        }
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

        if (!text.at || !line_next(&rest, &line) ||
            number_next(&line, (uint64_t) bound_of(BOUND_KERNEL), &done) != 0 || !word_next(&line, &slash) ||
            !span_is(slash, "/") || number_next(&line, (uint64_t) bound_of(BOUND_KERNEL), &all) != 0 ||
            all == 0 || done > all)
                return UNKNOWN;
        return (int64_t) ((unsigned __int128) done * 1000 / all);
}

bool md_is_external(const MdFiles *files) {
        Span word;

        return md_array_word_of(files->metadata, &word) && span_starts(word, "external:") &&
               !span_starts(word, "external:/");
}

/* Why it is none whose members could be lost; NULL: it is one. */
static const char *md_array_odd(Arena *a, const MdFiles *files, Span *level, Span *state) {
        bool told = md_array_word_of(files->level, level);

        /* of arrays by their firmware's metadata: each is told by itself; mdadm gives it that level, or none */
        if (told ? span_is(*level, "container") : md_is_external(files))
                return "container";
        if (!told)
                return "level missing";
        if (!md_array_word_of(files->array_state, state))
                return "array_state missing";
        if (md_array_number_of(files->raid_disks, bound_of(BOUND_MD_DISKS)) < 0) {
                Span word = { "", 0 };

                (void) md_array_word_of(files->raid_disks, &word);
                return text_format(a, "%.*s: raid_disks is not a number: %.*s", (int) level->n, level->at,
                                   word.n < 40 ? (int) word.n : 40, word.at);
        }
        return NULL;
}

static int members_read(Arena *a, const MdFiles *files, Members *members, MdArray *array, Unread **unread) {
        for (uint32_t i = 0; i < files->n_members; i++) {
                int r = member_count(a, files->name, &files->members[i], members, unread);

                if (r < 0)
                        return r;
        }
        array->working = words_join(&members->working, a);
        array->lost = words_join(&members->lost, a);
        array->suspects = words_join(&members->suspects, a);
        return array->working && array->lost && array->suspects ? 0 : -ENOMEM;
}

static bool action_is_known(Span s) {
        static const char *const all[] = { "resync", "recover", "check", "repair", "reshape" };

        for (size_t i = 0; i < ARRAY_SIZE(all); i++)
                if (span_is(s, all[i]))
                        return true;
        return false;
}

static int action_read(Arena *a, const MdFiles *files, MdArray *array, Unread **unread) {
        Span action;

        array->progress_permille = UNKNOWN;
        if (!md_array_word_of(files->sync_action, &action) || span_is(action, "idle") ||
            span_is(action, "frozen"))
                return 0;
        array->action = text_copy(a, action.at, action.n);
        array->progress_permille = progress_of(files->sync_completed);
        if (!array->action)
                return -ENOMEM;
        return action_is_known(action) ? 0
                                       : unread_word(a, unread, files->name, "sync_action", array->action);
}

/* Members of which it is not known what they are good for are missing, as far as the kernel does not count them in:
 * its own word on how many are ("degraded") is taken where it is told. So it is while the array changes its shape, when
 * "raid_disks" is the number it is to have. */
static void md_array_judge(const MdFiles *files, const Members *members, Span state, MdArray *array) {
        int64_t lost = array->wanted - array->n_working,
                degraded = md_array_number_of(files->degraded, bound_of(BOUND_MD_DISKS)), redundancy;
        Span action;
        bool reshapes = md_array_word_of(files->sync_action, &action) && span_is(action, "reshape");

        if ((members->n_odd > 0 || reshapes) && degraded >= 0 && degraded < lost) {
                lost = degraded;
                array->n_working = array->wanted - lost;
        }
        redundancy = array_redundancy(array->level, array->wanted, lost, copies_of(files));
        array->redundancy = redundancy == INT64_MIN ? UNKNOWN : redundancy > 0 ? redundancy : 0;
        array->state = state_word(state, lost, redundancy == INT64_MIN ? 0 : redundancy);
        if ((members->n_odd > 0 || array->redundancy == UNKNOWN) && strcmp(array->state, "optimal") == 0)
                array->state = "unknown";
        /* raid10 counts the worst case; the kernel knows whether it still runs */
        if (strcmp(array->level, "raid10") == 0 && redundancy < 0 && !span_is(state, "broken"))
                array->state = strcmp(array->state, "failed") == 0 ? "degraded" : array->state;
}

int md_array_parse(Arena *a, const MdFiles *files, MdArray *ret, Unread **unread) {
        MdArray x = { .wanted = md_array_number_of(files->raid_disks, bound_of(BOUND_MD_DISKS)) };
        Span level, state;
        const char *odd = md_array_odd(a, files, &level, &state);
        Members *members = arena_new(a, Members, 1);
        int r;

        if (!members)
                return -ENOMEM;
        if (md_array_word_of(files->array_state, &state) && !state_is_known(state)) {
                const char *word = text_copy(a, state.at, state.n);

                if (!word || unread_word(a, unread, files->name, "array_state", word) < 0)
                        return -ENOMEM;
        }
        if (odd)
                return unread_add(a, unread, files->name, odd) < 0 ? -ENOMEM : 1;
        x.level = text_copy(a, level.at, level.n);
        r = x.level ? members_read(a, files, members, &x, unread) : -ENOMEM;
        if (r < 0)
                return r;
        x.n_working = members->n_working < x.wanted ? members->n_working : x.wanted;
        x.spares = members->spares;
        md_array_judge(files, members, state, &x);
        if (x.redundancy == UNKNOWN && unread_word(a, unread, files->name, "level", x.level) < 0)
                return -ENOMEM;
        x.mismatches = md_array_number_of(files->mismatch_cnt, bound_of(BOUND_KERNEL));
        r = action_read(a, files, &x, unread);
        if (r == 0)
                *ret = x;
        return r;
}
