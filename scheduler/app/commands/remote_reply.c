/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/commands/remote_reply.h"

#include <errno.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/store/stored_json.h"

int remote_reply_read(const char *text, size_t n, RemoteReply *ret) {
        RemoteReply reply = { .value = stored_json(text, n, JSON_REJECT_DUPLICATES, NULL) };

        if (!json_is_object(reply.value)) {
                json_decref(reply.value);
                return -EBADMSG;
        }
        if (json_unpack(reply.value, "{s:i, s:s, s:s}", "exit", &reply.exit, "out", &reply.out, "err",
                        &reply.err) < 0 ||
            reply.exit < EXIT_DONE || reply.exit > EXIT_BLOCKED) {
                reply.out = reply.err = NULL;
                reply.exit = EXIT_FAILED;
                reply.detail = json_string_value(json_object_get(reply.value, "detail"));
        }
        *ret = reply;
        return 0;
}

void remote_reply_free(RemoteReply *reply) {
        if (!reply)
                return;
        json_decref(reply->value);
        *reply = (RemoteReply){ 0 };
}
