-- SPDX-License-Identifier: GPL-2.0-only
-- B-10, B-11, B-13, B-14: each outcome, said in its form and at the end alone.
dofile(folder .. "/talk.lua")

local connection = open()
whole(connection, "clean", {"<alice@lab.test>"}, "text\r\n")
taken(connection)
expect(mt.eom_check(connection, MT_HDRINSERT, "X-Rastel"), "no X-Rastel")
expect(not mt.eom_check(connection, MT_BODYCHANGE), "clean mail gets another body")
expect(not mt.eom_check(connection, MT_HDRCHANGE, "Subject"), "clean mail gets another subject")
expect(not mt.eom_check(connection, MT_RCPTDELETE, "<alice@lab.test>"), "clean mail loses a recipient")

whole(connection, "infected", {"<alice@lab.test>"}, eicar)
said(connection, SMFIR_REPLYCODE, "infected")

whole(connection, "for the shelf", {"<held@lab.test>"}, eicar)
said(connection, SMFIR_DISCARD, "held")

whole(connection, "for some", {"<whole@lab.test>", "<held@lab.test>"}, eicar)
taken(connection)
expect(mt.eom_check(connection, MT_RCPTDELETE, "<held@lab.test>"), "who doesn't get it is still a recipient")
expect(not mt.eom_check(connection, MT_RCPTDELETE, "<whole@lab.test>"), "who gets it is none any more")

whole(connection, "not now", {"<later@lab.test>"}, eicar)
said(connection, SMFIR_REPLYCODE, "deferred")
mt.disconnect(connection)
