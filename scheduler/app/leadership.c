#include "scheduler/app/leadership.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

Leadership leadership_of(Store *store, usec_t ttl) {
        Leadership l = { .store = store, .ttl = ttl };
        char host[128] = "?";

        (void) gethostname(host, sizeof(host) - 1);
        (void) snprintf(l.self, sizeof(l.self), "%.120s/%ld/%llx", host, (long) getpid(),
                        (unsigned long long) clock_now());
        return l;
}

int leadership_take(Leadership *l) {
        usec_t asked = clock_monotonic();
        int r = store_lease(l->store, l->self, l->ttl, &l->token, l->holder, sizeof(l->holder));

        l->renewed = r == 0 ? asked : 0;
        if (r == 0)
                l->holder[0] = '\0';
        return r;
}

bool leadership_holds(const Leadership *l) {
        return l->renewed > 0 && clock_monotonic() < l->renewed + l->ttl;
}

bool leadership_keep(Leadership *l) {
        if (l->renewed == 0)
                return false;
        if (clock_monotonic() < l->renewed + l->ttl / 3)
                return true;
        return leadership_take(l) == 0;
}

void leadership_release(Leadership *l) {
        if (l->renewed > 0 && store_release(l->store, l->self) < 0)
                l->holder[0] = '\0'; /* the store is away: the lease runs out by itself */
        l->renewed = 0;
}
