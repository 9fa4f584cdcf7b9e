-- SPDX-License-Identifier: GPL-2.0-only
-- B-36: one recipient too many is refused, one by one, and the message taken for the others; more fields than anybody reads are a
-- refusal of the message at its end, and the connection stays.
dofile(folder .. "/talk.lua")

local connection = open(nil, nil, small)
good(mt.macro(connection, SMFIC_MAIL, "i", "Q36a"), "macros")
good(mt.mailfrom(connection, "<a@remote.test>"), "MAIL")
for number = 1, 6 do
  good(mt.rcptto(connection, "<user" .. number .. "@lab.test>"), "RCPT")
  said(connection, number <= 3 and SMFIR_CONTINUE or SMFIR_REPLYCODE, "recipient " .. number)
end
good(mt.header(connection, "Subject", "three of six"), "Subject")
good(mt.bodystring(connection, "text\r\n"), "a body")
good(mt.eom(connection), "the end of the message")
taken(connection)
has(story(connection), "to=<user1@lab.test>,<user2@lab.test>,<user3@lab.test> ")

local fields = {}
for number = 1, 5001 do fields[number] = {"X-" .. number, "x"} end
whole(connection, "no end of fields", {"<alice@lab.test>"}, eicar, fields)
said(connection, SMFIR_REPLYCODE, "a header without end")
expect(mt.eom_check(connection, MT_SMTPREPLY, "552", "5.3.4", "Error: the header is too large"), "not told that it is too large")
whole(connection, "and again", {"<alice@lab.test>"}, "text\r\n")
taken(connection)
mt.disconnect(connection)
