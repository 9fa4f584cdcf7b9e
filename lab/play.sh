#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What `./dev lab SERVER` calls, as root: see lab.py.
exec python3 -B "$(dirname "$0")/lab.py" play "$1"
