/* SPDX-License-Identifier: Apache-2.0 */
/* Many commands of plimsoll by one process start, so that a test may ask thousands: a command a line on stdin, its words separated by
 * tabs ("plan\t--from\tcluster.json\t--json"); for each "STATUS BYTES\n" and that many bytes of its standard output. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scheduler/app/commands/command.h"

#define WORDS_MAX 64

static int batch_one(char *line) {
        static char program[] = "plimsoll";
        char *words[WORDS_MAX + 1] = { program }, *out_text = NULL, *err_text = NULL;
        size_t n_out = 0, n_err = 0;
        FILE *out = open_memstream(&out_text, &n_out), *err = open_memstream(&err_text, &n_err);
        int n = 1, status;

        if (!out || !err)
                return -ENOMEM;
        for (char *save = NULL, *w = strtok_r(line, "\t\n", &save); w && n < WORDS_MAX;
             w = strtok_r(NULL, "\t\n", &save))
                words[n++] = w;
        status = command_main(n, words, out, err);
        if (fclose(out) != 0 || fclose(err) != 0)
                return -ENOMEM;
        (void) printf("%d %zu\n", status, n_out);
        (void) fwrite(out_text, 1, n_out, stdout);
        free(out_text);
        free(err_text);
        return fflush(stdout) == 0 ? 0 : -errno;
}

int main(void) {
        char *line = NULL;
        size_t size = 0;
        int r = 0;

        while (r == 0 && getline(&line, &size, stdin) > 0)
                r = batch_one(line);
        free(line);
        return r == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
