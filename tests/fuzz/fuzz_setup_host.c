/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes → a libvirt URI, and the words that ssh would be given; and the same bytes as what ssh says. */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/setup/setup_login.h"
#include "scheduler/model/host_uri.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void no_option(const char *word) {
        if (word && (word[0] == '-' || word[0] == '\0'))
                abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
        TextFault fault = { 0 };
        SetupHost host;
        char *text;
        Arena a;

        if (n > 4096 || arena_open((size_t) 4 << 20, &a) < 0)
                return 0;
        text = text_copy(&a, (const char *) data, n);
        if (!text)
                abort();
        switch (setup_host_parse(&a, NULL, text, &host, &fault)) {
        case 0:
                no_option(host.login);
                no_option(host.address);
                if ((host.way == SETUP_OTHER) == (host.address != NULL) || !host.name)
                        abort();
                if (host.address && !host_name_is_dns(host.address) && !strchr(host.address, ':'))
                        abort();
                break;
        case -EINVAL:
                if (!fault.what[0])
                        abort();
                break;
        default:
                break;
        }
        if (setup_port_of(0, &(ToolOutput){ .text = text, .status = 255 }) == SETUP_PORT_REACHED ||
            (setup_virsh_answered(text) && setup_virsh_error(text)))
                abort();
        {
                const char *valid = setup_result_text(&a, text), *quoted = setup_word_quoted(&a, text);

                if (!valid || setup_result_text(&a, valid) != valid || !quoted ||
                    (!setup_word_is_plain(text) && quoted[0] != '\''))
                        abort();
        }
        if (ssh_trouble_of(text) >= SSH_TROUBLE_N || setup_clock_of(text) < 0)
                abort();
        arena_close(&a);
        return 0;
}
