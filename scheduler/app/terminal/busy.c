/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/terminal/busy.h"

#include <errno.h>

#include "scheduler/base/thread.h"

#define BUSY_EVERY USEC_PER_SEC

static unsigned busy_draw(const Busy *busy, unsigned drawn, unsigned seconds) {
        const Screen *screen = busy->screen;
        unsigned mark;

        screen_wipe(screen, drawn);
        mark = screen_mark(screen);
        (void) out_say(screen->out, "%s%s … %u s%s\n", screen_style(screen, STYLE_FAINT), busy->what, seconds,
                       screen_style(screen, STYLE_PLAIN));
        return screen_drawn(screen, mark, 1);
}

static void *busy_body(void *arg) {
        Busy *busy = arg;
        unsigned drawn = 0, seconds = 1;

        (void) pthread_mutex_lock(&busy->lock);
        while (!busy->over) {
                if (cond_wait_until(&busy->ended, &busy->lock, busy->since + seconds * BUSY_EVERY) ||
                    busy->over)
                        continue;
                drawn = busy_draw(busy, drawn, seconds);
                seconds = (unsigned) ((clock_monotonic() - busy->since) / BUSY_EVERY) + 1;
        }
        (void) pthread_mutex_unlock(&busy->lock);
        screen_wipe(busy->screen, drawn);
        (void) fflush(busy->screen->out);
        return NULL;
}

void busy_begin(Busy *busy, const Screen *screen, const char *what) {
        *busy = (Busy){ .screen = screen, .what = what, .since = clock_monotonic() };
        if (!screen->live)
                return;
        (void) pthread_mutex_init(&busy->lock, NULL);
        cond_open(&busy->ended);
        busy->runs = thread_begin(&busy->thread, busy_body, busy) == 0;
}

void busy_end(Busy *busy) {
        if (!busy->screen->live)
                return;
        (void) pthread_mutex_lock(&busy->lock);
        busy->over = true;
        (void) pthread_cond_signal(&busy->ended);
        (void) pthread_mutex_unlock(&busy->lock);
        if (busy->runs)
                (void) pthread_join(busy->thread, NULL);
        (void) pthread_cond_destroy(&busy->ended);
        (void) pthread_mutex_destroy(&busy->lock);
}
