-- SPDX-License-Identifier: GPL-2.0-only
-- B-32: mail of sendmail(1) comes by a session that Postfix makes up; there is nobody to refuse it to, so it is held, and no
-- recipient is refused. Addresses have no angle brackets there, and the sender of a notice is nothing at all.
dofile(folder .. "/talk.lua")

local connection = open("localhost", "127.0.0.1", behind)
good(mt.helo(connection, "localhost"), "HELO")
whole(connection, "of a program", {"<alice@lab.test>"}, "text\r\n")
taken(connection)
whole(connection, "infected", {"<alice@lab.test>", "<whole@lab.test>"}, eicar)
taken(connection)
expect(mt.eom_check(connection, MT_RCPTDELETE, "<alice@lab.test>"), "who doesn't get it is still a recipient")
whole(connection, "infected", {"<alice@lab.test>"}, eicar, {}, "Q32a")
said(connection, SMFIR_DISCARD, "what would be refused")
has(logged("queue=Q32a "), "reject>quarantine")

good(mt.mailfrom(connection, ""), "MAIL of nobody")
said(connection, SMFIR_CONTINUE, "MAIL of nobody")
good(mt.rcptto(connection, "held@lab.test"), "RCPT")
good(mt.rcptto(connection, "whole@lab.test"), "RCPT")
good(mt.header(connection, "Subject", "without brackets"), "Subject")
good(mt.bodystring(connection, eicar), "a body")
good(mt.eom(connection), "the end of the message")
taken(connection)
has(story(connection), "from=<> to=<")
expect(mt.eom_check(connection, MT_RCPTDELETE, "<held@lab.test>"), "who doesn't get it is still a recipient")
expect(not mt.eom_check(connection, MT_RCPTDELETE, "<whole@lab.test>"), "who gets it is none any more")
mt.disconnect(connection)
