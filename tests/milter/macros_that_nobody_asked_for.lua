-- SPDX-License-Identifier: GPL-2.0-only
-- B-05: a mail server may not let its macros be chosen, send others, or none of those that were asked for.
dofile(folder .. "/talk.lua")

local deaf = offering(6, SMFIF_ADDHDRS + SMFIF_CHGHDRS, nil)
expect(not mt.test_action(deaf, SMFIF_SETSYMLIST), "chooses macros where that isn't offered")
good(mt.macro(deaf, SMFIC_CONNECT, "{daemon_name}", "smtpd", "{if_addr}", "198.51.100.1", "v", "Sendmail 8"), "macros")
good(mt.conninfo(deaf, "client.example.org", "192.0.2.7"), "CONNECT")
good(mt.macro(deaf, SMFIC_HELO, "{cipher_bits}", "256", "{}", "nothing", "nothing", ""), "macros")
good(mt.helo(deaf, "client.example.org"), "HELO")
whole(deaf, "macros that nobody asked for", {"<alice@lab.test>"}, "text\r\n", {}, "Q05a")
taken(deaf)
has(story(deaf), "queue=Q05a ")
mt.disconnect(deaf)

local silent = open()
good(mt.mailfrom(silent, "<a@remote.test>"), "MAIL")
good(mt.rcptto(silent, "<alice@lab.test>"), "RCPT")
good(mt.header(silent, "Subject", "no macros at all"), "Subject")
good(mt.eom(silent), "the end of the message")
taken(silent)
has(story(silent), "queue=- ")
mt.disconnect(silent)
