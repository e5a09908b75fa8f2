/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/secret.h"

#include <errno.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>

#include "scheduler/base/text.h"

int secret_make(char ret[SECRET_HEX]) {
        unsigned char bytes[SECRET_BYTES];

        if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t) sizeof(bytes))
                return -EAGAIN;
        (void) text_hex(bytes, sizeof(bytes), ret);
        explicit_bzero(bytes, sizeof(bytes));
        return 0;
}

bool secret_is(const char *text, size_t n) {
        return n == SECRET_HEX - 1 && strspn(text, "0123456789abcdef") == n;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SECRET_IS_WATCHED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SECRET_IS_WATCHED 1
#endif
#endif

void secret_keep(void) {
#ifndef SECRET_IS_WATCHED
        (void) prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
