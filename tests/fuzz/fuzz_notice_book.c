/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what the store has of notices: a book, or nothing of it. What is accepted is printed and read again as the same
 * bytes, goes on with time, and what is to be told can be told. */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/notices/notice_book.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static NoticeBook *fuzz_book(void) {
        NoticeBook *book = notice_book_new("t", "https://drs.example", 3, "0123456789abcdef");

        if (!book)
                abort();
        return book;
}

/* The book as the store would have it: read again it is the same. The caller's. */
static char *fuzz_again(const NoticeBook *book) {
        NoticeBook *other = fuzz_book();
        char *text = notice_book_print(book), *twice;

        if (!text || notice_book_parse(other, text, strlen(text)) < 0)
                abort();
        twice = notice_book_print(other);
        if (!twice || strcmp(text, twice) != 0)
                abort();
        free(twice);
        (void) notice_book_free(other);
        return text;
}

/* Each notice is taken, and is JSON where the book made it itself. */
static void fuzz_told(NoticeBook *book, usec_t now) {
        const uint64_t newest = notice_book_newest(book);
        const NoticeQueued *q;
        char *alerts;

        while ((q = notice_book_next(book, now)))
                notice_book_sent(book, q->number, true, now);
        if (notice_book_newest(book) != newest)
                abort();
        alerts = notice_book_alerts(book, now);
        if (alerts) {
                json_t *list = json_loads(alerts, 0, NULL);

                if (!json_is_array(list))
                        abort();
                json_decref(list);
                notice_book_alerts_sent(book, true, now);
        }
        free(alerts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        NoticePicture nothing = { .judged = NOTICE_ALL_EVENTS }, one = nothing;
        const usec_t now = INT64_C(1767225600) * USEC_PER_SEC;
        NoticeBook *book = fuzz_book();
        const int r = notice_book_parse(book, (const char *) data, n);

        if (r < 0 && (r != -EBADMSG || notice_book_waiting(book) > 0 || notice_book_open(book) > 0))
                abort();
        free(fuzz_again(book));
        if (!notice_picture_add(&one, NOTICE_FAULT, NOTICE_CRITICAL, 3, "h1"))
                abort();
        notice_picture_end(&one);
        if (notice_book_apply(book, &one, now) < 0)
                abort();
        free(fuzz_again(book));
        if (notice_book_apply(book, &nothing, now + USEC_PER_SEC) < 0 || notice_book_open(book) > 0)
                abort();
        (void) notice_book_tick(book, now + 60 * USEC_PER_SEC);
        fuzz_told(book, now + 60 * USEC_PER_SEC);
        free(fuzz_again(book));
        notice_picture_free(&one);
        (void) notice_book_free(book);
        return 0;
}
