/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/round/stop_watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "scheduler/app/terminal/file.h"
#include "scheduler/app/terminal/human.h"

#define ARENA_SIZE ((size_t) 16 << 20)

/* Its texts outlive the arena of a look. */
static void stop_watch_take(StopWatch *w, const StopEntry *entry) {
        (void) snprintf(w->by, sizeof(w->by), "%s", entry->by);
        (void) snprintf(w->why, sizeof(w->why), "%s", entry->why);
        w->last = *entry;
        w->last.by = w->by;
        w->last.why = w->why;
        w->known = true;
        w->kept = false;
}

/* ---- the file ---- */

static void stop_watch_keep(StopWatch *w) {
        const char *text = NULL;
        size_t n = 0;

        if (w->kept || !w->file[0] || !w->known)
                return;
        w->kept = stop_entry_print(&w->arena, &w->last, &text, &n) == 0 &&
                  file_write(w->file, text, n, &w->unkept) == 0;
}

static int stop_watch_recall(StopWatch *w) {
        const char *text = NULL;
        TextFault fault = { 0 };
        StopEntry e = { 0 };
        size_t n = 0;
        int r;

        if (access(w->file, F_OK) < 0 && errno == ENOENT)
                return 0;
        r = file_read(&w->arena, w->file, &text, &n, &fault);
        r = r < 0 ? stop_entry_read(&w->arena, "", 0, &e) : stop_entry_read(&w->arena, text, n, &e);
        if (r < 0)
                return r;
        stop_watch_take(w, &e);
        w->in_force = e.stopped;
        w->kept = true;
        return 0;
}

/* A cluster's name may hold what a file's name may not. */
static int stop_watch_name_file(StopWatch *w, const char *state_dir, const char *cluster) {
        int n = snprintf(w->file, sizeof(w->file), "%s/stop-", state_dir);

        for (; n > 0 && (size_t) n + 4 < sizeof(w->file) && *cluster; cluster++) {
                const bool plain = *cluster != '/' && *cluster != '%';

                n += snprintf(w->file + n, sizeof(w->file) - (size_t) n, plain ? "%c" : "%%%02x",
                              (unsigned char) *cluster);
        }
        return n > 0 && (size_t) n + 4 < sizeof(w->file) ? 0 : -ENAMETOOLONG;
}

int stop_watch_open(StopWatch *w, Store *store, const char *state_dir, const char *cluster) {
        int r = arena_open(ARENA_SIZE, &w->arena);

        w->store = store;
        if (r == 0 && state_dir)
                r = stop_watch_name_file(w, state_dir, cluster);
        if (r == 0 && state_dir)
                r = stop_watch_recall(w);
        if (r < 0)
                stop_watch_close(w);
        return r;
}

void stop_watch_close(StopWatch *w) {
        arena_close(&w->arena);
        *w = (StopWatch){ 0 };
}

/* ---- a look ---- */

/* What is known is put back in the place of what is there. Where another program was faster, the next look sees it. */
static int stop_watch_restore(StopWatch *w, StoredText was) {
        const char *text = NULL;
        size_t n = 0;
        int r = stop_entry_print(&w->arena, &w->last, &text, &n);

        if (r == 0)
                r = store_change_stop(w->store, was, (StoredText){ .text = text, .n = n });
        return r < 0 ? r : 0;
}

static int stop_watch_read(StopWatch *w, usec_t *ret_now) {
        StoredText there = { .text = "" };
        StopEntry e = { .by = "", .why = "" };
        int r = store_get_stop(w->store, &w->arena, &there.text, &there.n, ret_now);

        if (r == 1)
                return w->known ? stop_watch_restore(w, (StoredText){ .text = "" }) : 0;
        if (r == 0)
                r = stop_entry_read(&w->arena, there.text, there.n, &e);
        if (r < 0)
                return r;
        if (e.at == 0 && e.stopped && w->known)
                e.at = w->last.at; /* it can't be read: what comes after it is later than what was known */
        if (w->known && e.at < w->last.at)
                return stop_watch_restore(w, there);
        if (!w->known || e.at > w->last.at || strcmp(e.by, w->by) != 0 || strcmp(e.why, w->why) != 0)
                stop_watch_take(w, &e);
        return 0;
}

int stop_watch_look(StopWatch *w) {
        usec_t now = 0;
        int r;

        arena_rewind(&w->arena, 0);
        r = stop_watch_read(w, &now);
        if (r == -ENOMEM) { /* longer than any entry of ours */
                if (!w->known || !w->last.stopped)
                        stop_watch_take(w, &(StopEntry){ .stopped = true,
                                                         .by = "?",
                                                         .why = "the stored stop cannot be read",
                                                         .at = w->last.at });
                r = 0;
        }
        if (r < 0)
                return r;
        w->in_force = w->known && stop_entry_is_in_force(&w->last, now);
        stop_watch_keep(w);
        return w->in_force;
}

const char *stop_words(Arena *a, const StopEntry *entry) {
        char since[HUMAN_SIZE], until[HUMAN_SIZE];

        return text_format(a, "all moves are stopped%s%s by %s%s%s: %s", entry->at > 0 ? " since " : "",
                           entry->at > 0 ? human_time(entry->at, since) : "", entry->by,
                           entry->until > 0 ? " until " : "",
                           entry->until > 0 ? human_time(entry->until, until) : "", entry->why);
}
