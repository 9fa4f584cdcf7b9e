-- SPDX-License-Identifier: GPL-2.0-only
-- B-20, B-21: while it is scanned, and nobody scans here until that is heard, the mail server hears within half of the 10 s that
-- Sendmail waits that it is worked at; never before the end of the message (miltertest's record of packets is looked at).
dofile(folder .. "/talk.lua")
mt.set_timeout(5)

local connection = open()
whole(connection, "patience", {"<alice@lab.test>"}, eicar)
said(connection, SMFIR_REPLYCODE, "infected, after a while")
whole(connection, "and another", {"<alice@lab.test>"}, "text\r\n")
taken(connection)
mt.disconnect(connection)
