/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/facts.h"

#include <errno.h>
#include <string.h>

#include "scheduler/app/round/round_store.h"
#include "scheduler/app/terminal/busy.h"
#include "scheduler/base/hash.h"
#include "scheduler/model/host_silence.h"
#include "scheduler/store/store_unread.h"

ExitStatus facts_settings(Invocation *in, Settings **ret) {
        const char *file = NULL;
        TextFault fault;
        int r = app_settings_load(in->arena, &in->options, ret, &file, &fault);

        return r < 0 ? command_complain_fault(in, r == -ENOMEM ? EXIT_FAILED : EXIT_BAD_INPUT, file, &fault)
                     : EXIT_DONE;
}

ExitStatus facts_store(Invocation *in, const char *kept, Settings **ret_settings, Source **ret_source) {
        TextFault fault = { 0 };
        ExitStatus status = facts_settings(in, ret_settings);

        if (status != EXIT_DONE)
                return status;
        if (source_open(&in->options, *ret_settings, ret_source, &fault) < 0)
                return command_complain_fault(in, EXIT_BAD_INPUT, NULL, &fault);
        if (!source_store(*ret_source))
                return command_complain(in, EXIT_BAD_INPUT, "%s kept in Redis. Give --redis URL.", kept);
        return EXIT_DONE;
}

/* A file that is wrong or not there is bad input; a Redis or a host that is away is a failure; facts that are too many
 * blind, and that is not as it should be. */
static ExitStatus facts_status_of(const Source *s, int error) {
        if ((error == -ENOMEM || error == -ERANGE) && s && source_kind(s) != SOURCE_FILE)
                return EXIT_BLOCKED;
        if (error == -ENOMEM)
                return EXIT_FAILED;
        return error == -EINVAL || error == -EBADMSG || (s && source_kind(s) == SOURCE_FILE) ? EXIT_BAD_INPUT
                                                                                             : EXIT_FAILED;
}

void facts_say_unread(Invocation *in, const Store *store, uint32_t from) {
        const Drops *unread = store_unread(store);
        char safe[512];

        for (uint32_t i = from; i < drops_named(unread); i++)
                (void) out_say(in->err.out, "%s: %s\n", in->program,
                               text_safe(unread->words[i], safe, sizeof(safe)));
        if (unread->n > drops_named(unread) && from < drops_named(unread))
                (void) out_say(in->err.out, "%s: %llu more values of the store cannot be read\n", in->program,
                               (unsigned long long) (unread->n - drops_named(unread)));
}

int facts_holds(Invocation *in, Store *store, RoundInput *io) {
        const uint32_t said = store ? drops_named(store_unread(store)) : 0; /* by facts_read() */
        int r = store ? round_store_holds(store, in->arena, NULL, io) : 0;

        if (r == 0 && store)
                facts_say_unread(in, store, said);
        return r;
}

/* A cluster of which nothing was ever reported is told from a store that is away. */
static ExitStatus facts_complain(const Invocation *in, const Facts *f, int error, const TextFault *fault) {
        const ErrorBlock none = { .kind = "hosts", .why = fault->what };
        Invocation named = *in;

        named.blocks = error == -ENODATA ? &none : NULL;
        named.n_blocks = error == -ENODATA;
        return command_complain_fault(&named, facts_status_of(f->source, error), source_name(f->source),
                                      fault);
}

ExitStatus facts_read(Invocation *in, Facts *f) {
        TextFault fault;
        const char *text;
        uint64_t said = FNV1A_START;
        Store *store = source_store(f->source);
        Busy busy;
        int r;

        if (store)
                store_unread_begin(store);
        busy_begin(&busy, &in->err, "reading data");
        r = source_read(f->source, in->arena, f->settings, &f->snapshot, &fault);
        busy_end(&busy);
        f->raw = source_facts(f->source);
        f->read_at = clock_monotonic();
        if (r < 0)
                return facts_complain(in, f, r, &fault);
        for (uint32_t i = 0; (text = source_notice(f->source, i)); i++)
                said = fnv1a(said, text, strlen(text) + 1);
        for (uint32_t i = 0; store && i < drops_named(store_unread(store)); i++)
                said = fnv1a(said, store_unread(store)->words[i], strlen(store_unread(store)->words[i]) + 1);
        if (store && said != f->said)
                facts_say_unread(in, store, 0);
        for (uint32_t i = 0; said != f->said && (text = source_notice(f->source, i)); i++) {
                char safe[512];

                (void) out_say(in->err.out, "%s: %s\n", in->program, text_safe(text, safe, sizeof(safe)));
        }
        f->said = said;
        return EXIT_DONE;
}

/* What the service says, too (docs/operations.md). */
static void facts_say_loss(Invocation *in, const Facts *f) {
        const LostStore *loss = source_loss(f->source);
        const char *words = loss ? store_loss_words(in->arena, loss) : NULL;

        if (words)
                (void) out_say(in->err.out, "%s: %s\n", in->program, words);
}

ExitStatus facts_open(Invocation *in, Facts *ret) {
        TextFault fault;
        ExitStatus status;
        int r;

        *ret = (Facts){ 0 };
        status = facts_settings(in, &ret->settings);
        if (status != EXIT_DONE)
                return status;
        r = source_open(&in->options, ret->settings, &ret->source, &fault);
        if (r < 0)
                return command_complain_fault(in, facts_status_of(NULL, r), NULL, &fault);
        status = facts_read(in, ret);
        if (status == EXIT_DONE)
                facts_say_loss(in, ret);
        return status;
}

ExitStatus facts_reach(Invocation *in, Facts *f) {
        if (!source_store(f->source) || hosts_silent(source_reported(f->source)) == 0)
                return EXIT_DONE; /* what a leader has read may be of before it ended */
        source_reach_silent(f->source);
        return facts_read(in, f);
}

ExitStatus facts_ending(const Facts *facts, ExitStatus status) {
        return status == EXIT_DONE && facts->source && source_loss(facts->source) ? EXIT_BLOCKED : status;
}

uint32_t facts_unsure(const Snapshot *s) {
        uint32_t n = 0;

        for (HostIx h = 0; h < s->n_hosts; h++)
                n += s->hosts[h].no_entry_why && s->hosts[h].excluded == EXCLUDED_NONE;
        return n;
}

ExitStatus facts_known(const Facts *facts, ExitStatus status) {
        const bool all = !facts->source || !facts->snapshot ||
                         (source_left_out(facts->source) == 0 && facts_unsure(facts->snapshot) == 0);

        return status == EXIT_DONE && !all ? EXIT_BLOCKED : status;
}

void facts_close(Facts *f) {
        f->source = source_free(f->source);
}
