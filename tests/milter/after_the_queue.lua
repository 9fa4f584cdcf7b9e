-- SPDX-License-Identifier: GPL-2.0-only
-- B-32: mail of sendmail(1) comes by a session that Postfix makes up; there is nobody to refuse it to, so it is held, and no
-- recipient is refused.
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
mt.disconnect(connection)
