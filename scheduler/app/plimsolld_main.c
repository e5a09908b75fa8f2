/* SPDX-License-Identifier: Apache-2.0 */
#include "scheduler/app/service/service.h"

int main(int argc, char **argv) {
        return service_main(argc, argv, stdout, stderr);
}
