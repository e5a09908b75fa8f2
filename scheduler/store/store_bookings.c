/* SPDX-License-Identifier: Apache-2.0 */
/* Bookings: one hash, VM → text. When each began and ends is the server's time alone. What is released, or over, stays until
 * the leader has seen it, or a day. */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/model/bounds.h"
#include "scheduler/store/store_script.h"
#include "scheduler/store/store_unread.h"

/* What was booked since the facts were read took room that was found there: of two at once one is told. */
static const char book_script[] =
        "local now = redis.call('TIME')\n"
        "now = now[1] * 1000000 + now[2]\n"
        "local changes = redis.call('GET', KEYS[2]) or '0'\n"
        "if not string.match(changes, '^%d+$') then changes = '0' end\n" /* as it was read */
        "if changes ~= ARGV[1] then return 1 end\n"
        "local asked, n, new = cjson.decode(ARGV[2]), 0, {}\n"
        "for _, one in ipairs(asked) do new[one[1]] = true end\n"
        "local all = redis.call('HGETALL', KEYS[1])\n"
        "for i = 1, #all, 2 do\n"
        "  local till = tonumber(string.match(all[i + 1], '^%d+ (%d+) ') or '0')\n"
        "  if till + 86400000000 < now then redis.call('HDEL', KEYS[1], all[i])\n"
        "  elseif till > now and not new[all[i]] then n = n + 1 end\n"
        "end\n"
        "if n + #asked > tonumber(ARGV[4]) then return 2 end\n"
        "for _, one in ipairs(asked) do\n"
        "  redis.call('HSET', KEYS[1], one[1], string.format('%.0f %.0f new ', now, now + tonumber(ARGV[3])) .. one[2])\n"
        "end\n" SCRIPT_COUNT("KEYS[2]") SCRIPT_COUNT("KEYS[3]") "return 0\n";

static char *bookings_list(const BookingAsked *asked, uint32_t n) {
        json_t *list = json_array();
        char *text;

        for (uint32_t i = 0; i < n; i++)
                (void) json_array_append_new(list, json_pack("[s, s]", asked[i].vm, asked[i].text));
        text = json_array_size(list) == n ? json_dumps(list, JSON_COMPACT) : NULL;
        json_decref(list);
        return text;
}

int store_book(Store *s, int64_t changes, const BookingAsked *asked, uint32_t n, usec_t lasts,
               uint32_t most) {
        char since[24], length[24], count[24];
        int64_t said = 0;
        char *list;
        int k = 0;

        for (uint32_t i = 0; k == 0 && i < n; i++)
                k = store_check_name(s, "VM", asked[i].vm);
        list = k == 0 ? bookings_list(asked, n) : NULL;
        if (k == 0 && !list)
                k = -ENOMEM;
        (void) snprintf(since, sizeof(since), "%lld", (long long) changes);
        (void) snprintf(length, sizeof(length), "%lld", (long long) lasts);
        (void) snprintf(count, sizeof(count), "%u", most);
        if (k == 0)
                k = script_write_said(s,
                                      &(ScriptWrite){ .script = book_script,
                                                      .what = "book room",
                                                      .keys = { KEY_BOOKINGS, KEY_BOOKED, KEY_CALL },
                                                      .n_keys = 3,
                                                      .words = { SCRIPT_TEXT(since, strlen(since)),
                                                                 SCRIPT_TEXT(list, strlen(list)),
                                                                 SCRIPT_TEXT(length, strlen(length)),
                                                                 SCRIPT_TEXT(count, strlen(count)) },
                                                      .n_words = 4 },
                                      &said);
        free(list);
        return k == 1 ? (int) said : k;
}

/* The count first: what changes while this is read is found out by store_book(). */
int store_get_bookings(Store *s, Arena *a, StoredText **ret, uint32_t *ret_n, int64_t *ret_changes,
                       usec_t *ret_now) {
        const char *text = NULL;
        int64_t changes = 0;
        size_t n = 0;
        int k = store_read_text(s, a, KEY_BOOKED, NULL, "GET", &text, &n);

        if (k == 0 && text_to_int(text, n, 0, bound_of(BOUND_SEQUENCE), &changes) < 0)
                store_unread_add(s, KEY_BOOKED, NULL, "with the next booking it begins again");
        if (k >= 0)
                k = store_read_hash(s, a, KEY_BOOKINGS, ret, ret_n);
        if (k >= 0)
                k = store_get_time(s, ret_now);
        if (k >= 0)
                *ret_changes = changes;
        return k < 0 ? k : 0;
}

static const char release_booking_script[] =
        "local now = redis.call('TIME')\n"
        "now = now[1] * 1000000 + now[2]\n"
        "local is = redis.call('HGET', KEYS[1], ARGV[1]) or ''\n"
        "local at, till, word, rest = string.match(is, '^(%d+) (%d+) (%a+) (.*)$')\n"
        "if not at or word == 'gone' or tonumber(till) <= now then return 1 end\n"
        "redis.call('HSET', KEYS[1], ARGV[1], at .. ' ' .. till .. ' gone ' .. ARGV[2] .. '\\n' .. rest)\n" SCRIPT_COUNT(
                "KEYS[2]") SCRIPT_COUNT("KEYS[3]") "return 0\n";

int store_release_booking(Store *s, const char *vm, const char *by) {
        int k = store_check_name(s, "VM", vm);

        return k < 0 ? k
                     : script_write(s, &(ScriptWrite){ .script = release_booking_script,
                                                       .what = "release room",
                                                       .keys = { KEY_BOOKINGS, KEY_BOOKED, KEY_CALL },
                                                       .n_keys = 3,
                                                       .words = { SCRIPT_TEXT(vm, strlen(vm)),
                                                                  SCRIPT_TEXT(by, strlen(by)) },
                                                       .n_words = 2 });
}

static const char lead_booking_script[] =
        SCRIPT_FENCE "if redis.call('HGET', KEYS[2], ARGV[2]) ~= ARGV[3] then return 0 end\n"
                     "if ARGV[4] == '' then redis.call('HDEL', KEYS[2], ARGV[2])\n"
                     "else redis.call('HSET', KEYS[2], ARGV[2], ARGV[4]) end\n"
                     "return 0\n";

int store_lead_booking(Store *s, uint64_t token, const StoredText *was, StoredText is) {
        return script_write(s, &(ScriptWrite){ .script = lead_booking_script,
                                               .what = "keep a booking",
                                               .fenced = true,
                                               .token = token,
                                               .keys = { KEY_BOOKINGS },
                                               .n_keys = 1,
                                               .words = { SCRIPT_TEXT(was->name, strlen(was->name)),
                                                          SCRIPT_TEXT(was->text, was->n), is },
                                               .n_words = 3 });
}
