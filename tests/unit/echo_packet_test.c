/* SPDX-License-Identifier: Apache-2.0 */
/* The agents' echo: what is signed, and what is not taken. */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "collectors/hosts/peer_store.h"
#include "scheduler/base/text.h"

static const unsigned char key[ECHO_KEY_BYTES] = { 1, 2, 3 };

/* Made by another implementation of HMAC-SHA-256 (tests/fuzz/corpus/echo_packet). */
static void corpus(const char *name, unsigned char ret[ECHO_BYTES]) {
        char path[512];
        FILE *f;

        (void) snprintf(path, sizeof(path), "%s/tests/fuzz/corpus/echo_packet/%s", SOURCE_DIR, name);
        f = fopen(path, "rb");
        cr_assert_not_null(f, "%s", path);
        cr_assert_eq(fread(ret, 1, ECHO_BYTES, f), ECHO_BYTES);
        (void) fclose(f);
}

Test(echo, is_signed_as_rfc_2104_says) {
        unsigned char known[ECHO_BYTES], ours[ECHO_BYTES];
        const EchoPacket answer = { .kind = ECHO_ANSWER, .nonce = 7, .held_ns = 12345 };
        EchoPacket p;

        corpus("answer", known);
        echo_print(&answer, key, "h1", ours);
        cr_assert_arr_eq(known, ours, ECHO_BYTES);
        cr_assert_eq(0, echo_parse(known, ECHO_BYTES, &p));
        cr_assert(p.kind == ECHO_ANSWER && p.nonce == 7 && p.held_ns == 12345);
        cr_assert(echo_is_signed(known, key, "h1"));
}

Test(echo, of_another_host_another_key_or_a_changed_one_is_not_signed) {
        const unsigned char other[ECHO_KEY_BYTES] = { 1, 2, 4 };
        unsigned char bytes[ECHO_BYTES];

        corpus("question", bytes);
        cr_assert(echo_is_signed(bytes, key, "h1"));
        cr_assert_not(echo_is_signed(bytes, key, "h2"), "a host that got another's address");
        cr_assert_not(echo_is_signed(bytes, other, "h1"));
        for (size_t i = 0; i < ECHO_BYTES * 8; i++) {
                bytes[i / 8] ^= (unsigned char) (1 << i % 8);
                cr_assert_not(echo_is_signed(bytes, key, "h1"), "bit %zu", i);
                bytes[i / 8] ^= (unsigned char) (1 << i % 8);
        }
}

Test(echo, that_is_too_long_or_too_short_is_none) {
        unsigned char bytes[ECHO_BYTES + 1] = { 0 };
        EchoPacket p;

        corpus("question", bytes);
        cr_assert_eq(0, echo_parse(bytes, ECHO_BYTES, &p));
        cr_assert_eq(-EBADMSG, echo_parse(bytes, ECHO_BYTES + 1, &p));
        for (size_t n = 0; n < ECHO_BYTES; n++)
                cr_assert_eq(-EBADMSG, echo_parse(bytes, n, &p));
}

Test(echo_key, is_sixty_four_digits) {
        unsigned char got[ECHO_KEY_BYTES];
        char hex[2 * ECHO_KEY_BYTES + 1];

        cr_assert_eq(strlen(text_hex(key, ECHO_KEY_BYTES, hex)), 64);
        cr_assert_eq(0, echo_key_parse(hex, 64, got));
        cr_assert_arr_eq(key, got, ECHO_KEY_BYTES);
        cr_assert_eq(-EINVAL, echo_key_parse(hex, 63, got));
        hex[5] = 'g';
        cr_assert_eq(-EINVAL, echo_key_parse(hex, 64, got));
        cr_assert_eq(-EINVAL, echo_key_parse("", 0, got));
}

Test(peer_address, is_an_address_and_a_port) {
        PeerAddress a;
        char text[PEER_TEXT_SIZE];

        cr_assert_eq(0, peer_address_parse("10.77.0.11 16599", 16, &a));
        cr_assert_str_eq("10.77.0.11 16599", peer_address_print(&a, text));
        cr_assert_eq(0, peer_address_parse("fd00:0::1 1", 11, &a));
        cr_assert_str_eq("fd00::1 1", peer_address_print(&a, text));
        cr_assert_eq(-EINVAL, peer_address_parse("h1 16599", 8, &a), "names are looked up at home");
        cr_assert_eq(-EINVAL, peer_address_parse("10.77.0.11 0", 12, &a));
        cr_assert_eq(-EINVAL, peer_address_parse("10.77.0.11", 10, &a));
}

Test(peer_store, finds_its_address_in_the_uri_or_the_setting) {
        TextFault fault = { 0 };
        PeerStore b;

        cr_assert_eq(0, peer_store_open(&b, "", 7, "qemu+tcp://root@127.0.0.3:16509/system", "", &fault));
        cr_assert_str_eq("127.0.0.3 7", b.own_text);
        peer_store_close(&b);
        cr_assert_eq(0, peer_store_open(&b, "", 7, "qemu+tls://[::1]/system?no_verify=1", "", &fault));
        cr_assert_str_eq("::1 7", b.own_text);
        peer_store_close(&b);
        cr_assert_eq(0, peer_store_open(&b, "127.0.0.9", 7, "qemu+tcp://127.0.0.3/system", "", &fault));
        cr_assert_str_eq("127.0.0.9 7", b.own_text);
        peer_store_close(&b);
        cr_assert_eq(1, peer_store_open(&b, "", 7, "qemu:///system", "", &fault), "nobody says where");
        cr_assert_eq(1, peer_store_open(&b, "", 7, NULL, "", &fault));
        cr_assert_eq(-EINVAL, peer_store_open(&b, "", 7, "qemu+tcp://localhost/system", "", &fault),
                     "a name that leads nowhere but here");
        cr_assert_str_eq("--advertise", fault.field);
        cr_assert_eq(-EINVAL, peer_store_open(&b, "127.0.0.9", 7, NULL, "/dev/null", &fault));
        cr_assert_str_eq("peers.key_file", fault.field);
}
