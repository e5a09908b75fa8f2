/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/stopped.h"

#include <errno.h>

#include "scheduler/snapshot/json/json_value.h"

int stopped_read(Invocation *in, Store *store, StopEntry *ret, StoredText *ret_text) {
        StoredText text = { .text = "" };
        StopEntry e = { 0 };
        usec_t now = 0;
        int r = store_get_stop(store, in->arena, &text.text, &text.n, &now);

        if (r == 1)
                text = (StoredText){ .text = "" };
        else if (r == 0)
                r = stop_entry_read(in->arena, text.text, text.n, &e);
        if (r < 0)
                return r;
        *ret = e;
        *ret_text = text;
        return r == 0 && stop_entry_is_in_force(&e, now);
}

static ExitStatus stopped_say(Invocation *in, Store *store) {
        StopEntry e = { 0 };
        StoredText text;
        const char *words;
        int r = stopped_read(in, store, &e, &text);

        if (r < 0)
                return command_complain(in, EXIT_FAILED,
                                        "nothing was moved: cannot read whether all moves are stopped: %s",
                                        r == -ENOMEM ? "out of memory" : store_error(store));
        if (r == 0)
                return EXIT_DONE;
        words = stop_words(in->arena, &e);
        return command_complain_blocked(
                in, EXIT_BLOCKED, &(ErrorBlock){ .kind = "stop", .name = e.by, .why = e.why }, 1,
                "nothing was moved: %s. To end it: plimsoll resume", words ? words : "all moves are stopped");
}

ExitStatus stopped_check(Invocation *in, Store *store, const Settings *settings) {
        const char *url = settings_text(settings, "service", "redis");
        owned(store_free) Store *other = NULL;
        StoreOptions o = { .url = url, .cluster = settings_text(settings, "service", "cluster") };
        TextFault fault = { 0 };

        if (store)
                return stopped_say(in, store);
        if (!url[0])
                return EXIT_DONE;
        if (store_open(&o, &other, &fault) < 0)
                return command_complain(in, EXIT_FAILED,
                                        "nothing was moved: cannot read whether all moves are stopped: %s",
                                        fault.what);
        return stopped_say(in, other);
}

const char *stopped_words(Invocation *in, Store *store) {
        StopEntry e = { 0 };
        StoredText text;
        const char *words;

        if (!store || stopped_read(in, store, &e, &text) != 1)
                return NULL;
        words = stop_words(in->arena, &e);
        return words ? text_format(in->arena, "%s (plimsoll resume)", words) : NULL;
}

json_t *stopped_json(Invocation *in, Store *store) {
        StopEntry e = { 0 };
        StoredText text;

        if (!store || stopped_read(in, store, &e, &text) != 1)
                return json_null();
        return json_pack("{s:o, s:o, s:o, s:o}", "by", json_text(e.by), "why", json_text(e.why), "since",
                         json_instant(e.at), "until", json_instant(e.until));
}
