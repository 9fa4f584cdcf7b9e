-- SPDX-License-Identifier: GPL-2.0-only
-- B-11: every kind of change of one message, asked for behind its end (miltertest's record of packets is looked at for the order).
dofile(folder .. "/talk.lua")

local connection = open()
local fields = {{"X-Rastel", "clean; id=forged"}, {"MIME-Version", "1.0"}, {"Content-Type", "multipart/mixed; boundary=b"},
                {"x-rastel", "clean; id=forged"}}
local body = "--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/octet-stream; name=v.bin\r\n\r\n" .. eicar .. "\r\n--b--\r\n"
for round = 1, 2 do
  whole(connection, "all of it", {"<strip@lab.test>", "<held@lab.test>", "<gone@lab.test>"}, body, fields)
  taken(connection)
  expect(mt.eom_check(connection, MT_HDRDELETE, "X-Rastel") and mt.eom_check(connection, MT_HDRDELETE, "x-rastel"), "a forged field stays")
  expect(mt.eom_check(connection, MT_HDRINSERT, "X-Rastel", own(connection), 0), "ours isn't on top")
  expect(mt.eom_check(connection, MT_RCPTDELETE, "<held@lab.test>"), "who doesn't get it is still a recipient")
  expect(mt.eom_check(connection, MT_BODYCHANGE), "nothing was taken out")
  -- Clean mail behind it has none of them.
  whole(connection, "clean", {"<strip@lab.test>"}, "text\r\n")
  taken(connection)
  expect(mt.eom_check(connection, MT_HDRINSERT, "X-Rastel"), "no X-Rastel")
  expect(not mt.eom_check(connection, MT_BODYCHANGE), "clean mail gets another body")
  expect(not mt.eom_check(connection, MT_HDRCHANGE), "clean mail gets another field")
  expect(not mt.eom_check(connection, MT_RCPTDELETE, "<strip@lab.test>"), "clean mail loses a recipient")
end
mt.disconnect(connection)
