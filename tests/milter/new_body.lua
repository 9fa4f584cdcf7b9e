-- SPDX-License-Identifier: GPL-2.0-only
-- B-12: a new body, and fields that describe it where they have to be others; no new one where nothing of it changes.
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

local one = {{"MIME-Version", "1.0"}, {"Content-Type", "application/x-thing; name=t.bin"}, {"Content-Transfer-Encoding", "base64"}}
whole(connection, "all of it", {"<strip@lab.test>"}, encoded, one)
taken(connection)
expect(mt.eom_check(connection, MT_BODYCHANGE), "nothing was taken out")
expect(mt.eom_check(connection, MT_HDRCHANGE, "Content-Type"), "what was a program is said to be one still")
expect(mt.eom_check(connection, MT_HDRCHANGE, "Content-Transfer-Encoding"), "text is said to be base64")

whole(connection, "look", {"<tagged@lab.test>"}, eicar)
taken(connection)
expect(not mt.eom_check(connection, MT_BODYCHANGE), "the body is changed for a mark in the subject")
mt.disconnect(connection)
