-- SPDX-License-Identifier: GPL-2.0-only
-- B-10: 4xx and 5xx with an enhanced code of the same class, on one line; what a message holds can't add a second line, a format of
-- Sendmail's or another code to it.
dofile(folder .. "/talk.lua")

local connection = open()
whole(connection, "infected", {"<alice@lab.test>"}, eicar, {}, "Q10a")
refused_as(connection, "554", "5.7.1", "Message refused: infected (Eicar-Test-Signature)", "Q10a")

whole(connection, "not now", {"<later@lab.test>"}, eicar, {}, "Q10b")
refused_as(connection, "451", "4.7.1", "Message deferred: infected", "Q10b")

-- The strictest answer is the whole message's.
whole(connection, "not now for one", {"<whole@lab.test>", "<later@lab.test>"}, eicar, {}, "Q10c")
refused_as(connection, "451", "4.7.1", "Message deferred: infected", "Q10c")

local hops = {}
for number = 1, 60 do hops[number] = {"Received", "from a by b; now"} end
whole(connection, "round and round", {"<alice@lab.test>"}, "text\r\n", hops)
said(connection, SMFIR_REPLYCODE, "a loop")
expect(mt.eom_check(connection, MT_SMTPREPLY, "554", "5.4.6", "Error: too many hops, the message loops"), "not told that it loops")

-- A name with all of it: the reply's text can't be compared, but miltertest shows its length and the log its code.
local fields = {{"MIME-Version", "1.0"}, {"Content-Type", "multipart/mixed; boundary=b"}}
local body = "--b\r\nContent-Type: application/octet-stream; name=\"100%s%n\t250 2.0.0 fine.exe\"\r\n\r\nhello\r\n--b--\r\n"
whole(connection, "100%s%n", {"<alice@lab.test>"}, body, fields, "Q10d%s")
said(connection, SMFIR_REPLYCODE, "a program")
has(logged("queue=Q10d"), "reply=\"554 5.7.1\"")
mt.disconnect(connection)
