/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/route.h"

#include <errno.h>

#include "collectors/parse/attributes.h"

int route_parse(const void *bytes, size_t n, uint32_t *ret_index) {
        Bytes rest = { bytes, n }, body, value;
        struct nlmsghdr h;
        bool bad = false;
        uint16_t type;
        int r = message_next(&rest, &h, &body);

        if (r < 0)
                return r;
        if (h.nlmsg_type == NLMSG_ERROR)
                return message_error(body);
        if (h.nlmsg_type != RTM_NEWROUTE || body.n < sizeof(struct rtmsg))
                return -EBADMSG;
        body = (Bytes){ body.at + sizeof(struct rtmsg), body.n - sizeof(struct rtmsg) };
        while (attribute_next(&body, &type, &value, &bad))
                if (type == RTA_OIF && attribute_u32(value) > 0) {
                        *ret_index = attribute_u32(value);
                        return 0;
                }
        return -EBADMSG;
}
