/* SPDX-License-Identifier: Apache-2.0 */
#include "collectors/parse/echo_packet.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <string.h>

#define KIND_AT   4
#define NONCE_AT  8
#define HELD_AT   16
#define SIGNED    32 /* bytes that are */
#define MAC_BYTES 16

static const unsigned char echo_packet_magic[4] = { 'p', 'l', 'm', '1' };

static void u64_print(uint64_t value, unsigned char *to) {
        for (int i = 7; i >= 0; i--, value >>= 8)
                to[i] = (unsigned char) (value & 0xff);
}

static uint64_t u64_parse(const unsigned char *from) {
        uint64_t v = 0;

        for (int i = 0; i < 8; i++)
                v = v << 8 | from[i];
        return v;
}

static void echo_packet_sign(const unsigned char *bytes, const unsigned char *key, const char *name,
                             unsigned char ret[MAC_BYTES]) {
        struct hmac_sha256_ctx mac;

        hmac_sha256_set_key(&mac, ECHO_KEY_BYTES, key);
        hmac_sha256_update(&mac, SIGNED, bytes);
        hmac_sha256_update(&mac, strlen(name), (const uint8_t *) name);
        hmac_sha256_digest(&mac, MAC_BYTES, ret);
}

void echo_print(const EchoPacket *packet, const unsigned char key[ECHO_KEY_BYTES], const char *name,
                unsigned char ret[ECHO_BYTES]) {
        memset(ret, 0, ECHO_BYTES);
        memcpy(ret, echo_packet_magic, sizeof(echo_packet_magic));
        ret[KIND_AT] = (unsigned char) packet->kind;
        u64_print(packet->nonce, ret + NONCE_AT);
        u64_print(packet->held_ns, ret + HELD_AT);
        echo_packet_sign(ret, key, name, ret + SIGNED);
}

int echo_parse(const unsigned char *bytes, size_t n, EchoPacket *ret) {
        static const unsigned char zeros[8];

        if (n != ECHO_BYTES || memcmp(bytes, echo_packet_magic, sizeof(echo_packet_magic)) != 0 ||
            (bytes[KIND_AT] != ECHO_QUESTION && bytes[KIND_AT] != ECHO_ANSWER) ||
            memcmp(bytes + KIND_AT + 1, zeros, 3) != 0 || memcmp(bytes + HELD_AT + 8, zeros, 8) != 0)
                return -EBADMSG;
        *ret = (EchoPacket){ .kind = (EchoKind) bytes[KIND_AT],
                             .nonce = u64_parse(bytes + NONCE_AT),
                             .held_ns = u64_parse(bytes + HELD_AT) };
        return ret->kind == ECHO_QUESTION && ret->held_ns != 0 ? -EBADMSG : 0;
}

bool echo_is_signed(const unsigned char *bytes, const unsigned char key[ECHO_KEY_BYTES], const char *name) {
        unsigned char mac[MAC_BYTES];

        echo_packet_sign(bytes, key, name, mac);
        return memeql_sec(mac, bytes + SIGNED, MAC_BYTES);
}

static int digit_of(char c) {
        return c >= '0' && c <= '9'   ? c - '0'
               : c >= 'a' && c <= 'f' ? c - 'a' + 10
               : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                      : -1;
}

static bool echo_packet_is_space(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int echo_key_parse(const char *text, size_t n, unsigned char ret[ECHO_KEY_BYTES]) {
        unsigned char key[ECHO_KEY_BYTES];

        while (n > 0 && echo_packet_is_space(text[n - 1]))
                n--;
        for (; n > 0 && echo_packet_is_space(*text); n--)
                text++;
        if (n != sizeof(key) * 2)
                return -EINVAL;
        for (size_t i = 0; i < sizeof(key); i++) {
                int high = digit_of(text[2 * i]), low = digit_of(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return -EINVAL;
                key[i] = (unsigned char) (high << 4 | low);
        }
        memcpy(ret, key, sizeof(key));
        return 0;
}
