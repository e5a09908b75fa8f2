#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The README's first pages stay what tests/fresh can run: at most three blocks are left out, each with the reason.
tests/fresh --list
