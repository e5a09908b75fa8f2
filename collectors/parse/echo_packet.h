/* SPDX-License-Identifier: Apache-2.0 */
/* The agents' echo: a question and its answer, 48 bytes each, by UDP. Pure; fuzzed.
 *
 *   0  "plm1"   4  kind: 1 question, 2 answer   5  three zeros   8  nonce, 8 bytes of the asker's choice
 *   16 held: nanoseconds from the question's arrival to its answer, big endian (0 in a question)   24 zeros
 *   32 the first 16 bytes of HMAC-SHA-256 (RFC 2104, RFC 4231) with the cluster's key over bytes 0 … 31
 *      followed by the name of the host that is asked, or answers
 *
 * Who has not the key gets no answer, and an answer is never larger than its question: the echo is of no use
 * to anyone who wants to flood others. The name keeps a host that got another's address from answering for
 * it; the kind keeps a question from being sent back as an answer. What an eavesdropper may replay is a
 * question (the answer's rate is limited); an answer is taken once, for the nonce that was asked.
 *
 * Units: nanoseconds in `held`; bytes. Owner: all is the caller's. Errors: -EBADMSG, -EINVAL. Threads: any.
 */
#pragma once

#include "scheduler/base/common.h"

enum {
        ECHO_BYTES = 48,
        ECHO_KEY_BYTES = 32,
};

typedef enum EchoKind {
        ECHO_QUESTION = 1,
        ECHO_ANSWER = 2,
} EchoKind;

typedef struct EchoPacket {
        EchoKind kind;
        uint64_t nonce;
        uint64_t held_ns;
} EchoPacket;

void echo_print(const EchoPacket *packet, const unsigned char key[ECHO_KEY_BYTES], const char *name,
                unsigned char ret[ECHO_BYTES]);

/* The packet's nonce and kind, before it is known whether it is true: to find the name it must be checked
 * with. 0; -EBADMSG: it is none of ours. */
int echo_parse(const unsigned char *bytes, size_t n, EchoPacket *ret) must_check;

/* Is it signed with this key for this name? In constant time. `bytes` went through echo_parse(). */
bool echo_is_signed(const unsigned char *bytes, const unsigned char key[ECHO_KEY_BYTES],
                    const char *name) must_check;

/* 64 hexadecimal digits, white space around them allowed. 0; -EINVAL. */
int echo_key_parse(const char *text, size_t n, unsigned char ret[ECHO_KEY_BYTES]) must_check;
