-- SPDX-License-Identifier: GPL-2.0-only
-- B-14: who doesn't get it is taken out as he was named, in angle brackets and without what his client asked for; where nobody is
-- left the message is discarded, not accepted without recipients.
dofile(folder .. "/talk.lua")

local connection = open()
good(mt.mailfrom(connection, "<a@remote.test>", "SIZE=500", "BODY=8BITMIME", "RET=HDRS", "ENVID=1"), "MAIL")
good(mt.rcptto(connection, "<whole@lab.test>", "NOTIFY=NEVER"), "RCPT")
good(mt.rcptto(connection, "<held@lab.test>", "NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;held@lab.test"), "RCPT")
good(mt.rcptto(connection, "<gone@lab.test>"), "RCPT")
good(mt.header(connection, "Subject", "for some"), "Subject")
good(mt.bodystring(connection, eicar), "a body")
good(mt.eom(connection), "the end of the message")
taken(connection)
expect(mt.eom_check(connection, MT_RCPTDELETE, "<held@lab.test>"), "who doesn't get it is still a recipient")
expect(mt.eom_check(connection, MT_RCPTDELETE, "<gone@lab.test>"), "who doesn't get it is still a recipient")
expect(not mt.eom_check(connection, MT_RCPTDELETE, "<whole@lab.test>"), "who gets it is none any more")
expect(not mt.eom_check(connection, MT_RCPTADD, "<whole@lab.test>"), "a recipient is added")

whole(connection, "for nobody", {"<held@lab.test>", "<gone@lab.test>"}, eicar)
said(connection, SMFIR_DISCARD, "nobody gets it")
expect(not mt.eom_check(connection, MT_RCPTDELETE, "<held@lab.test>"), "recipients of a message that is discarded are removed")
mt.disconnect(connection)
