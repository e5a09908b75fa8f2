/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service_share.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/store_unread.h"

#define CANDIDATE "candidate"
#define SUCCESSOR "successor"
#define WORDS     256 /* bytes of either state */

void service_share_open(ServiceShare *share) {
        *share = (ServiceShare){ .leads = 0 };
        (void) pthread_mutex_init(&share->lock, NULL);
}

void service_share_close(ServiceShare *share) {
        (void) pthread_mutex_destroy(&share->lock);
}

void service_share_count(ServiceShare *share, int change) {
        (void) pthread_mutex_lock(&share->lock);
        if (change > 0)
                share->leads++;
        else if (share->leads > 0)
                share->leads--;
        (void) pthread_mutex_unlock(&share->lock);
}

uint32_t service_share_leads(ServiceShare *share) {
        uint32_t leads;

        (void) pthread_mutex_lock(&share->lock);
        leads = share->leads;
        (void) pthread_mutex_unlock(&share->lock);
        return leads;
}

/* A small state's text; "" when there is none. */
static int read_state(Store *store, const char *name, char buf[WORDS]) {
        unsigned char memory[1024];
        Arena a = arena_over(memory, sizeof(memory));
        const char *text = NULL;
        size_t n = 0;
        int r = store_get_state(store, &a, name, &text, &n);

        buf[0] = '\0';
        if (r == 0 && n < WORDS) {
                memcpy(buf, text, n);
                buf[n] = '\0';
        }
        return r == 1 || r == -ENOMEM ? 0 : r; /* too long to be one of ours: none */
}

bool share_candidate_parse(const char *text, uint32_t *ret_leads, const char **ret_name) {
        const size_t length = strcspn(text, " ");
        int64_t n;

        if (text[length] == '\0' || !text_is_name(text + length + 1, strlen(text + length + 1)) ||
            text_to_int(text, length, 0, bound_of(BOUND_LED_CLUSTERS), &n) < 0)
                return false;
        *ret_leads = (uint32_t) n;
        *ret_name = text + length + 1;
        return true;
}

/* One that stays longer than a lease was not written by a leader that hands over (below): nobody is kept waiting. */
bool service_share_may_take(Leadership *l) {
        const usec_t now = clock_monotonic_of(l->world->clock);
        char successor[WORDS];

        if (read_state(l->store, SUCCESSOR, successor) < 0 || !successor[0] ||
            strcmp(successor, l->self) == 0) {
                l->successor[0] = '\0';
                return true;
        }
        if (strcmp(successor, l->successor) != 0) {
                (void) snprintf(l->successor, sizeof(l->successor), "%s", successor);
                l->successor_since = now;
        }
        return now > l->successor_since + 2 * l->ttl;
}

int service_share_offer(ServiceShare *share, const Leadership *l) {
        char there[WORDS], mine[WORDS];
        const char *name = NULL;
        uint32_t leads = 0, my_leads;
        int n, r = read_state(l->store, CANDIDATE, there);

        if (r < 0)
                return r;
        my_leads = service_share_leads(share);
        if (share_candidate_parse(there, &leads, &name) && strcmp(name, l->self) != 0 && leads <= my_leads)
                return 0;
        n = snprintf(mine, sizeof(mine), "%u %s", my_leads, l->self);
        return store_put_state(l->store, CANDIDATE, mine, (size_t) n, l->ttl);
}

/* Counts it as given away already, so that no other thread of ours gives one too. */
static bool service_share_claim(ServiceShare *share, const Leadership *l, uint32_t candidate_leads) {
        const ServiceWorld *world = l->world;
        const usec_t now = clock_monotonic_of(world->clock);
        bool yes;

        (void) pthread_mutex_lock(&share->lock);
        yes = now >= share->next && share->leads >= candidate_leads + 2;
        if (yes) /* not in step with other leaders, which see the same candidate */
                share->next = now + 2 * l->ttl + (usec_t) (world->random(world->self) % (uint64_t) l->ttl);
        (void) pthread_mutex_unlock(&share->lock);
        return yes;
}

int service_share_hand_over(ServiceShare *share, Leadership *l, char ret_to[160]) {
        char there[WORDS];
        const char *name = NULL;
        uint32_t leads = 0;
        int r = read_state(l->store, CANDIDATE, there);

        if (r < 0)
                return r;
        if (there[0] && !share_candidate_parse(there, &leads, &name))
                store_unread_add(l->store, KEY_STATE, CANDIDATE, "no cluster is handed over");
        if (!name || strcmp(name, l->self) == 0 || !service_share_claim(share, l, leads))
                return 0;
        r = store_lead_state(l->store, l->token, SUCCESSOR, name, strlen(name), l->ttl);
        if (r != 0)
                return r < 0 ? r : 0;
        (void) snprintf(ret_to, 160, "%s", name);
        leadership_release(l);
        return 1;
}
