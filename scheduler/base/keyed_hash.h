/* SPDX-License-Identifier: Apache-2.0 */
/* SipHash (Aumasson, Bernstein, "SipHash: a fast short-input PRF", 2012): for tables whose keys others choose. Who does not
 * know the key cannot find names that fall together. The tables of here take SipHash-1-3, as Rust's and CPython's do; of
 * SipHash-2-4 the paper has the test vector.
 *
 * What is decided must not depend on it: tables number names in the order they come, whatever the key.
 *
 * Units: bytes. Owner: nothing is kept. Errors: none. Threads: any.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef struct HashKey {
        uint64_t k0, k1;
} HashKey;

static inline uint64_t sip_turn(uint64_t word, int bits) {
        return word << bits | word >> (64 - bits);
}

static inline void sip_rounds(uint64_t state[4], int n) {
        for (; n > 0; n--) {
                state[0] += state[1];
                state[1] = sip_turn(state[1], 13) ^ state[0];
                state[0] = sip_turn(state[0], 32);
                state[2] += state[3];
                state[3] = sip_turn(state[3], 16) ^ state[2];
                state[0] += state[3];
                state[3] = sip_turn(state[3], 21) ^ state[0];
                state[2] += state[1];
                state[1] = sip_turn(state[1], 17) ^ state[2];
                state[2] = sip_turn(state[2], 32);
        }
}

/* Eight bytes, the first one lowest, on any machine; fewer: zeros behind. */
static inline uint64_t sip_word(const unsigned char *bytes, size_t n) {
        uint64_t word = 0;

        for (size_t i = 0; i < n; i++)
                word |= (uint64_t) bytes[i] << (8 * i);
        return word;
}

/* `c` rounds for each word, `d` at the end. */
static inline uint64_t sip_hash(HashKey key, const void *bytes, size_t n, int c, int d) {
        const unsigned char *at = bytes;
        uint64_t v[4] = { key.k0 ^ UINT64_C(0x736f6d6570736575), key.k1 ^ UINT64_C(0x646f72616e646f6d),
                          key.k0 ^ UINT64_C(0x6c7967656e657261), key.k1 ^ UINT64_C(0x7465646279746573) };
        uint64_t word;

        for (size_t left = n; left >= 8; left -= 8, at += 8) {
                word = sip_word(at, 8);
                v[3] ^= word;
                sip_rounds(v, c);
                v[0] ^= word;
        }
        word = sip_word(at, n % 8) | (uint64_t) n << 56;
        v[3] ^= word;
        sip_rounds(v, c);
        v[0] ^= word;
        v[2] ^= 0xff;
        sip_rounds(v, d);
        return v[0] ^ v[1] ^ v[2] ^ v[3];
}

/* For tables. */
static inline uint64_t keyed_hash(HashKey key, const void *bytes, size_t n) {
        return sip_hash(key, bytes, n, 1, 3);
}
