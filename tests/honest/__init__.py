# SPDX-License-Identifier: GPL-2.0-only
"""Honest mail: what programs that aren't ours make of the letters of content.py. Each module here knows one family of
programs and has a table PROGRAMS: a program's name to the function that lets it write all its messages into a workshop
(workshop.py)."""
