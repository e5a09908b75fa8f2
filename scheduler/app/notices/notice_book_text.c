/* SPDX-License-Identifier: Apache-2.0 */
/* A book as the store keeps it: schema plimsoll.notices/1. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/notices/notice_book_parts.h"
#include "scheduler/store/stored_json.h"

#define SCHEMA "plimsoll.notices/1"

/* ---- out ---- */

static json_t *notice_kept_json(const NoticeKept *k) {
        return json_pack("{s:i, s:i, s:i, s:s, s:s, s:s, s:I, s:s, s:I, s:i, s:b}", "event", (int) k->c.event,
                         "severity", (int) k->c.severity, "level", k->c.level, "subject", k->c.subject,
                         "title", k->c.title, "detail", k->c.detail, "since", (json_int_t) k->c.since,
                         "thread", k->thread, "closed_at", (json_int_t) k->closed_at, "told", k->told,
                         "told_closed", (int) k->told_closed);
}

static json_t *notice_groups_json(const NoticeBook *book) {
        json_t *list = json_array();

        for (int e = 0; e < NOTICE_EVENT_N; e++)
                for (int s = 0; s < NOTICE_STATE_N; s++) {
                        const NoticeGroup *g = &book->groups[e][s];

                        if (g->count > 0)
                                (void) json_array_append_new(
                                        list, json_pack("{s:i, s:I, s:I, s:I, s:s, s:o}", "state", s, "count",
                                                        (json_int_t) g->count, "named", (json_int_t) g->named,
                                                        "flush_at", (json_int_t) g->flush_at, "subjects",
                                                        g->subjects, "first", notice_kept_json(&g->first)));
                }
        return list;
}

char *notice_book_print(const NoticeBook *book) {
        json_t *kept = json_array(), *queue = json_array(), *o;
        char *text;

        for (uint32_t i = 0; i < book->n_kept; i++)
                (void) json_array_append_new(kept, notice_kept_json(&book->kept[i]));
        for (uint32_t i = 0; i < book->n_queue; i++)
                (void) json_array_append_new(
                        queue, json_pack("{s:I, s:I, s:s, s:s}", "number", (json_int_t) book->queue[i].number,
                                         "at", (json_int_t) book->queue[i].at, "id", book->queue[i].id,
                                         "body", book->queue[i].body));
        o = json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "schema", SCHEMA, "epoch", book->epoch,
                      "leader", book->leader, "number", (json_int_t) book->number, "taken",
                      (json_int_t) book->taken, "threads", (json_int_t) book->threads, "kept", kept, "queue",
                      queue, "groups", notice_groups_json(book));
        text = o ? json_dumps(o, JSON_COMPACT | JSON_PRESERVE_ORDER) : NULL;
        json_decref(o);
        return text;
}

/* ---- in ---- */

static void notice_take_text(char *to, size_t size, const json_t *o, const char *key) {
        const char *text = json_string_value(json_object_get(o, key));

        (void) snprintf(to, size, "%s", text ? text : "");
}

static int64_t notice_take_number(const json_t *o, const char *key, int64_t least, int64_t most,
                                  bool *io_good) {
        const json_t *value = json_object_get(o, key);
        const int64_t number = json_integer_value(value);

        *io_good = *io_good && json_is_integer(value) && number >= least && number <= most;
        return *io_good ? number : least;
}

static bool notice_take_kept(const json_t *o, NoticeKept *k) {
        bool good = true;

        *k = (NoticeKept){ 0 };
        k->c.event = (NoticeEvent) notice_take_number(o, "event", 0, NOTICE_EVENT_N - 1, &good);
        k->c.severity = (NoticeSeverity) notice_take_number(o, "severity", 0, NOTICE_SEVERITY_N - 1, &good);
        k->c.level = (int) notice_take_number(o, "level", 0, 1000, &good);
        k->c.since = notice_take_number(o, "since", 0, INT64_MAX, &good);
        k->closed_at = notice_take_number(o, "closed_at", 0, INT64_MAX, &good);
        k->told = (int) notice_take_number(o, "told", NOTICE_UNTOLD, NOTICE_SEVERITY_N - 1, &good);
        k->told_closed = json_is_true(json_object_get(o, "told_closed"));
        notice_take_text(k->c.subject, sizeof(k->c.subject), o, "subject");
        notice_take_text(k->c.title, sizeof(k->c.title), o, "title");
        notice_take_text(k->c.detail, sizeof(k->c.detail), o, "detail");
        notice_take_text(k->thread, sizeof(k->thread), o, "thread");
        notice_condition_clean(&k->c);
        return good;
}

static bool notice_take_all_kept(NoticeBook *book, const json_t *list) {
        const size_t n = json_array_size(list);
        bool good = n <= 2 * (size_t) NOTICES_MAX;

        book->kept = good ? calloc(n + 1, sizeof(*book->kept)) : NULL;
        book->room_kept = book->kept ? (uint32_t) n + 1 : 0;
        for (size_t i = 0; book->kept && good && i < n; i++) {
                NoticeKept *k = &book->kept[book->n_kept];

                good = notice_take_kept(json_array_get(list, i), k);
                book->n_kept += good && !notice_book_find(
                                                book, &k->c); /* of one key one: a second would never close */
        }
        return good && book->kept;
}

static bool notice_take_queue(NoticeBook *book, const json_t *list) {
        bool good = json_array_size(list) <= NOTICE_QUEUE_MOST;

        for (size_t i = 0; good && i < json_array_size(list); i++) {
                const json_t *o = json_array_get(list, i);
                const char *body = json_string_value(json_object_get(o, "body"));
                NoticeQueued *q = &book->queue[book->n_queue];

                q->number = (uint64_t) notice_take_number(o, "number", 0, INT64_MAX, &good);
                q->at = notice_take_number(o, "at", 0, INT64_MAX, &good);
                notice_take_text(q->id, sizeof(q->id), o, "id");
                q->body = good && body ? strdup(body) : NULL;
                good = q->body != NULL;
                book->n_queue += good;
        }
        return good;
}

static bool notice_take_groups(NoticeBook *book, const json_t *list) {
        bool good = true;

        memset(book->groups, 0, sizeof(book->groups));
        for (size_t i = 0; good && i < json_array_size(list); i++) {
                const json_t *o = json_array_get(list, i);
                const NoticeState state =
                        (NoticeState) notice_take_number(o, "state", 0, NOTICE_STATE_N - 1, &good);
                NoticeKept first;
                NoticeGroup *g;

                good = good && notice_take_kept(json_object_get(o, "first"), &first);
                if (!good)
                        break;
                g = &book->groups[first.c.event][state];
                g->first = first;
                g->count = (uint32_t) notice_take_number(o, "count", 1, UINT32_MAX, &good);
                g->named = (uint32_t) json_integer_value(
                        json_object_get(o, "named")); /* 0: of an older version */
                g->flush_at = notice_take_number(o, "flush_at", 0, INT64_MAX, &good);
                notice_take_text(g->subjects, sizeof(g->subjects), o, "subjects");
        }
        return good;
}

static bool notice_book_take(NoticeBook *book, const json_t *o) {
        const char *schema = json_string_value(json_object_get(o, "schema"));
        bool good = schema && strcmp(schema, SCHEMA) == 0;

        book->number = (uint64_t) notice_take_number(o, "number", 0, INT64_MAX, &good);
        book->taken = (uint64_t) notice_take_number(o, "taken", 0, INT64_MAX, &good);
        book->threads = (uint64_t) notice_take_number(o, "threads", 0, INT64_MAX, &good);
        notice_take_text(book->epoch, sizeof(book->epoch), o, "epoch");
        notice_take_text(book->leader, sizeof(book->leader), o, "leader");
        return good && book->epoch[0] && notice_take_all_kept(book, json_object_get(o, "kept")) &&
               notice_take_queue(book, json_object_get(o, "queue")) &&
               notice_take_groups(book, json_object_get(o, "groups"));
}

int notice_book_parse(NoticeBook *io, const char *text, size_t n) {
        json_t *o = stored_json(text, n, 0, NULL);
        NoticeBook *book = notice_book_new(io->cluster, io->link, io->channels, "");
        int r = book ? 0 : -ENOMEM;

        if (r == 0 && !(o && notice_book_take(book, o)))
                r = -EBADMSG;
        if (r == 0) {
                memcpy(book->counted, io->counted, sizeof(book->counted));
                notice_book_empty(io);
                *io = *book;
                free(book);
        } else {
                (void) notice_book_free(book);
        }
        json_decref(o);
        return r;
}
