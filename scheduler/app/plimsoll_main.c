/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "scheduler/app/commands/command.h"
#include "scheduler/base/secret.h"

int main(int argc, char **argv) {
        int status;

        secret_keep();
        status = command_main(argc, argv, stdout, stderr);

        if (fflush(stdout) != 0 || ferror(stdout)) { /* a full disk, a closed pipe: not a success */
                perror("plimsoll: standard output");
                return status == EXIT_DONE ? EXIT_FAILED : status;
        }
        return status;
}
