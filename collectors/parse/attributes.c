/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/attributes.h"

#include <errno.h>
#include <string.h>

bool attribute_next(Bytes *rest, uint16_t *ret_type, Bytes *ret, bool *bad) {
        struct rtattr h;
        size_t step;

        if (rest->n == 0)
                return false;
        if (rest->n < sizeof(h))
                return !(*bad = true);
        memcpy(&h, rest->at, sizeof(h));
        if (h.rta_len < sizeof(h) || h.rta_len > rest->n)
                return !(*bad = true);
        *ret_type = (uint16_t) (h.rta_type & (unsigned) NLA_TYPE_MASK);
        *ret = (Bytes){ rest->at + sizeof(h), h.rta_len - sizeof(h) };
        step = RTA_ALIGN((size_t) h.rta_len);
        *rest = step < rest->n ? (Bytes){ rest->at + step, rest->n - step } : (Bytes){ rest->at, 0 };
        return true;
}

uint32_t attribute_u32(Bytes value) {
        uint32_t v = 0;

        if (value.n >= sizeof(v))
                memcpy(&v, value.at, sizeof(v));
        return v;
}

int message_next(Bytes *rest, struct nlmsghdr *ret, Bytes *ret_body) {
        struct nlmsghdr h;
        size_t step;

        if (rest->n < sizeof(h))
                return -EBADMSG;
        memcpy(&h, rest->at, sizeof(h));
        if (h.nlmsg_len < sizeof(h) || h.nlmsg_len > rest->n)
                return -EBADMSG;
        *ret = h;
        *ret_body = (Bytes){ rest->at + sizeof(h), h.nlmsg_len - sizeof(h) };
        step = NLMSG_ALIGN((size_t) h.nlmsg_len);
        *rest = step < rest->n ? (Bytes){ rest->at + step, rest->n - step } : (Bytes){ rest->at, 0 };
        return 0;
}

int message_error(Bytes body) {
        int error = 0;

        if (body.n < sizeof(error))
                return -EBADMSG;
        memcpy(&error, body.at, sizeof(error));
        return error < 0 && error > -4096 ? error : -EBADMSG;
}
