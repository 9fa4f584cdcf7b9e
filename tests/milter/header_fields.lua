-- SPDX-License-Identifier: GPL-2.0-only
-- B-13: our field on top of the mail server's own; a field is changed by its number among those of its name, an empty value takes it
-- out, folds have no CR, and who counts the space behind the colon (miltertest does where that
-- was negotiated) gets one.
dofile(folder .. "/talk.lua")

for name, steps in pairs({kept = SMFIP_HDR_LEADSPC, eaten = SMFIP_SKIP}) do
  local space = name == "kept" and " " or ""
  local connection = offering(6, nil, steps)
  begin(connection, "look", {"<tagged@lab.test>"},
        {{"X-Rastel", "clean; id=1"}, {"X-Other", "1"}, {"x-rastel", "clean;\n id=2"}})
  good(mt.bodystring(connection, eicar), "a body")
  good(mt.eom(connection), "the end of the message")
  taken(connection)
  expect(mt.eom_check(connection, MT_HDRINSERT, "X-Rastel", own(connection), 0), "ours isn't on top")
  expect(own(connection):match("^" .. space .. "infected; id=%x+; ") ~= nil, "the space: " .. own(connection))
  expect(own(connection):find("\r", 1, true) == nil, "a CR")
  expect(mt.eom_check(connection, MT_HDRCHANGE, "Subject", space .. "[unsafe] look"), "no mark in the subject, the space " .. name)
  expect(mt.eom_check(connection, MT_HDRDELETE, "X-Rastel", 1), "the first forged one stays")
  expect(mt.eom_check(connection, MT_HDRDELETE, "x-rastel", 2), "the second forged one stays")
  expect(not mt.eom_check(connection, MT_HDRCHANGE, "X-Other"), "another's field is changed")
  expect(not mt.eom_check(connection, MT_HDRADD), "a field is added where Sendmail likes, and not inserted")
  mt.disconnect(connection)
end
