/* SPDX-License-Identifier: Apache-2.0 */
/* What a service, an agent or a host does wrong on purpose, so that each law is seen to be broken (tests/simulation/mutants).
 * What a service calls is wrapped by the linker; the world's own calls, and those of its checks, always go to the real one.
 */
#include <string.h>

#include "scheduler/app/state/stop_entry.h"
#include "tests/simulation/simulation.h"

static const struct {
        const char *name, *law;
} mutants[MUTANT_N] = {
#define X(name, words, law) [MUTANT_##name] = { words, law },
        MUTANTS
#undef X
};

bool mutant_by_name(const char *name, Mutant *ret) {
        for (int i = 1; i < MUTANT_N; i++)
                if (strcmp(mutants[i].name, name) == 0) {
                        *ret = (Mutant) i;
                        return true;
                }
        return false;
}

const char *mutant_name(Mutant mutant) {
        return mutants[mutant].name;
}

void mutants_print(void) {
        for (int i = 1; i < MUTANT_N; i++)
                (void) printf("%s %s\n", mutants[i].law, mutants[i].name);
}

/* A service that calls, and it has this mutant. */
static bool mutant_acts(Mutant mutant) {
        return world.mutant == mutant && sim_actor() != 0 && !world.checking;
}

/* NOLINTBEGIN(bugprone-reserved-identifier): the linker's names */
int __real_store_get_marks(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n);
int __wrap_store_get_marks(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n);
bool __real_stop_entry_is_in_force(const StopEntry *entry, usec_t now);
bool __wrap_stop_entry_is_in_force(const StopEntry *entry, usec_t now);
int __real_store_journal_intent(Store *s, uint64_t token, const char *text, size_t n);
int __wrap_store_journal_intent(Store *s, uint64_t token, const char *text, size_t n);

int __wrap_store_get_marks(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n) {
        const int r = __real_store_get_marks(s, a, ret, ret_n);

        if (r == 0 && mutant_acts(MUTANT_MARKS_UNREAD) && sim_now() < world.quiet) /* later: another law */
                *ret_n = 0;
        return r;
}

bool __wrap_stop_entry_is_in_force(const StopEntry *entry, usec_t now) {
        return !mutant_acts(MUTANT_STOP_UNREAD) && __real_stop_entry_is_in_force(entry, now);
}

int __wrap_store_journal_intent(Store *s, uint64_t token, const char *text, size_t n) {
        int r;

        if (mutant_acts(MUTANT_INTENT_UNWRITTEN))
                return 0;
        r = __real_store_journal_intent(s, token, text, n);
        return r == 2 && mutant_acts(MUTANT_STOP_UNREAD) ? 0 : r;
}
/* NOLINTEND(bugprone-reserved-identifier) */
