/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → series: whatever comes is an answer or refused in words, and every value is finite. */
#include <errno.h>
#include <math.h>
#include <stdint.h>

#include "collectors/parse/json_walk.h"
#include "collectors/parse/prometheus_answer.h"

static unsigned char memory[16 << 20];

#define CHECK(condition)                                                                                     \
        do {                                                                                                 \
                if (!(condition))                                                                            \
                        __builtin_trap();                                                                    \
        } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static const PromLabels labels = { .host = "instance", .subject = "domain", .text = "uuid" };
        Arena a = arena_over(memory, sizeof(memory));
        PromSeries *series;
        JsonPiece all;
        uint32_t count;
        TextFault f = { 0 };
        int r = prometheus_answer(&a, (const char *) data, n, &labels, &series, &count, &f);

        if (json_piece_of((const char *) data, n, &all) == 0)
                CHECK(all.n > 0 && all.at >= (const char *) data &&
                      all.at + all.n <= (const char *) data + n);
        CHECK(r == 0 || r == -ENOMEM || (r == -EBADMSG && f.what[0] != '\0'));
        for (uint32_t i = 0; r == 0 && i < count; i++)
                CHECK(series[i].host[0] && series[i].subject[0] && series[i].text[0] &&
                      isfinite(series[i].value));
        return 0;
}
