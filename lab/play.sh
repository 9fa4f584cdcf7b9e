#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What `./dev lab SERVER` calls, as root: see play.py.
exec python3 -B "$(dirname "$0")/play.py" "$1"
