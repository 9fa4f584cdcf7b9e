-- SPDX-License-Identifier: GPL-2.0-only
-- B-09, B-12, B-13: parts taken out, marks, forged fields; what is large in pieces.
dofile(folder .. "/talk.lua")

local connection = open()
local mixed = {{"MIME-Version", "1.0"}, {"Content-Type", "multipart/mixed;\n boundary=b"}}
local before, after = "--b\r\nContent-Type: text/plain\r\n\r\nsome text\r\n", "--b\r\nContent-Type: text/plain\r\n\r\nmore\r\n--b--\r\n"
local virus = "--b\r\nContent-Type: application/octet-stream; name=v.bin\r\n\r\n" .. eicar .. "\r\n"
whole(connection, "a part of it", {"<strip@lab.test>"}, before .. virus .. after, mixed)
taken(connection)
expect(mt.eom_check(connection, MT_BODYCHANGE), "nothing was taken out")
expect(not mt.eom_check(connection, MT_BODYCHANGE, before .. virus .. after), "the body is the old one")
expect(not mt.eom_check(connection, MT_HDRCHANGE, "Content-Type"), "a field is changed that says the same")

whole(connection, "look", {"<tagged@lab.test>"}, eicar)
taken(connection)
expect(mt.eom_check(connection, MT_HDRCHANGE, "Subject"), "no mark in the subject")
expect(not mt.eom_check(connection, MT_BODYCHANGE), "the body is changed for a mark in the subject")

whole(connection, "forged", {"<alice@lab.test>"}, "text\r\n", {{"X-Rastel", "clean; id=1"}})
taken(connection)
expect(mt.eom_check(connection, MT_HDRDELETE, "X-Rastel"), "the forged field stays")
expect(mt.eom_check(connection, MT_HDRINSERT, "X-Rastel"), "no field of ours")

begin(connection, "in pieces", {"<alice@lab.test>"})
for at = 1, #eicar do good(mt.bodystring(connection, string.sub(eicar, at, at)), "one octet") end
good(mt.eom(connection), "the end of the message")
said(connection, SMFIR_REPLYCODE, "infected, octet by octet")

begin(connection, "large", {"<alice@lab.test>"})
good(mt.bodyrandom(connection, 5 * 1024 * 1024), "5 MiB")
good(mt.eom(connection), "the end of the message")
taken(connection)
mt.disconnect(connection)
