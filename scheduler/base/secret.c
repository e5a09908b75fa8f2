/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/base/secret.h"

#include <errno.h>
#include <string.h>
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
