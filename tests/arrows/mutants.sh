#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# tests/mutants.map names files and tests that are there, tests/mutants.reasons lines that are there: where a line goes, its
# reason goes.
exec tests/mutants --check
