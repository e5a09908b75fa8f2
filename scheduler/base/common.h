/* SPDX-License-Identifier: Apache-2.0 */
/* Small words used everywhere: compiler attributes, array length, owned-pointer cleanup.
 *
 * Errors, in the whole tree: a function returns int; 0 (or a count) is success; a negative errno means
 * "cannot go on" and is forwarded unchanged; a positive value is an outcome documented at the function,
 * which its caller handles. `ret_x` is written on success only, `reterr_x` on failure only.
 */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define must_check        __attribute__((warn_unused_result))
#define printf_like(f, a) __attribute__((format(printf, f, a)))
#define ARRAY_SIZE(a)     (sizeof(a) / sizeof((a)[0]))

/* Room for n elements at `at`, by malloc: false where there is none, and all is as it was. Includes stdlib.h who uses it. */
#define GROW(at, n)                                                                                          \
        ({                                                                                                   \
                void *grow_at = reallocarray((at), (n), sizeof(*(at)));                                      \
                if (grow_at)                                                                                 \
                        (at) = grow_at;                                                                      \
                grow_at != NULL;                                                                             \
        })

/* `owned(store_free) Store *s = NULL;` frees s when it leaves its scope. The destructor must take NULL.
 * DEFINE_OWNED(Store *, store_free) makes the helper once, beside the type. */
#define DEFINE_OWNED(type, free_fn)                                                                          \
        static inline void free_fn##_p(type *p) {                                                            \
                (void) free_fn(*p);                                                                          \
        }                                                                                                    \
        struct free_fn##_needs_a_semicolon
#define owned(free_fn) __attribute__((cleanup(free_fn##_p)))
