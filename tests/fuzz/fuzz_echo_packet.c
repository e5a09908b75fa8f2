/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a packet of the agents' echo, as a key and as an address: refused, or exactly what is printed
 * again. Nothing a stranger sends is signed. */
#include <stdlib.h>
#include <string.h>

#include "collectors/hosts/peer_store.h"
#include "scheduler/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        static const unsigned char key[ECHO_KEY_BYTES] = { 1, 2, 3 };
        unsigned char again[ECHO_BYTES], other[ECHO_KEY_BYTES];
        char hex[2 * ECHO_KEY_BYTES + 1], text[PEER_TEXT_SIZE];
        PeerAddress address, same;
        EchoPacket packet;

        if (echo_parse(data, n, &packet) == 0) {
                echo_print(&packet, key, "h1", again);
                assert(memcmp(again, data, 32) == 0);
                assert(echo_is_signed(again, key, "h1") && !echo_is_signed(again, key, "h2"));
                assert(echo_is_signed(data, key, "h1") == (memcmp(again, data, ECHO_BYTES) == 0));
        }
        if (echo_key_parse((const char *) data, n, other) == 0) {
                (void) text_hex(other, ECHO_KEY_BYTES, hex);
                assert(echo_key_parse(hex, strlen(hex), again) == 0 &&
                       memcmp(other, again, ECHO_KEY_BYTES) == 0);
        }
        if (peer_address_parse((const char *) data, n, &address) == 0) {
                (void) peer_address_print(&address, text);
                assert(peer_address_parse(text, strlen(text), &same) == 0 &&
                       memcmp(&address, &same, sizeof(same)) == 0);
        }
        return 0;
}
