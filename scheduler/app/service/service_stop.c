/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service_stop.h"

#include "scheduler/app/terminal/human.h"
#include "scheduler/base/log.h"

#define QUOTE 512

int service_stop_open(ServiceStop *stop, Store *store, const char *state_dir, const char *cluster) {
        return stop_watch_open(&stop->watch, store, state_dir, cluster);
}

void service_stop_close(ServiceStop *stop) {
        stop_watch_close(&stop->watch);
}

static void service_stop_begins(const StopEntry *entry) {
        char by[QUOTE], why[QUOTE], since[HUMAN_SIZE], until[HUMAN_SIZE];

        log_event(LOG_WARNING, "stop.begin", "by=%s since=%s until=%s why=%s",
                  log_quote(entry->by, by, sizeof(by)), entry->at > 0 ? human_time(entry->at, since) : "-",
                  entry->until > 0 ? human_time(entry->until, until) : "-",
                  log_quote(entry->why, why, sizeof(why)));
}

static void service_stop_ends(const StopEntry *last) {
        char by[QUOTE];

        log_event(LOG_WARNING, "stop.end", "by=%s why=\"%s\"", log_quote(last->by, by, sizeof(by)),
                  last->stopped ? "its time is over" : "resumed");
}

void service_stop_say(ServiceStop *stop) {
        const StopWatch *w = &stop->watch;
        const usec_t is = !w->in_force ? 0 : w->last.at > 0 ? w->last.at : 1;
        char quoted[QUOTE];

        if (is != 0 && is != stop->said)
                service_stop_begins(&w->last);
        else if (is == 0 && stop->said != 0)
                service_stop_ends(&w->last);
        stop->said = is;
        if (w->known && w->file[0] && !w->kept && !stop->said_unkept)
                log_event(LOG_WARNING, "stop.unkept", "file=\"%s\" error=%s", w->file,
                          log_quote(w->unkept.what, quoted, sizeof(quoted)));
        stop->said_unkept = w->known && w->file[0] && !w->kept;
}

bool service_stop_look(ServiceStop *stop) {
        const int r = stop_watch_look(&stop->watch);

        service_stop_say(stop);
        return r != 0;
}
