/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what a service's API answers to a command: both texts and an exit status that is one, or neither. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "scheduler/app/commands/remote_reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        RemoteReply reply = { 0 };
        int r = remote_reply_read((const char *) data, n, &reply);

        assert(r == 0 || r == -EBADMSG);
        if (r == 0) {
                assert((reply.out == NULL) == (reply.err == NULL));
                assert(reply.exit >= 0 && reply.exit <= 3);
                assert(!reply.out || (strlen(reply.out) < n && strlen(reply.err) < n && !reply.detail));
        }
        remote_reply_free(&reply);
        return 0;
}
