-- SPDX-License-Identifier: GPL-2.0-only
-- B-02: nothing is asked for that wasn't offered; no flags at all mean those of version 1; what can't be done then is done in a
-- stricter way, and the connection lives.
dofile(folder .. "/talk.lua")

for _, version in ipairs({2, 3, 4, 5, 6, 7, 1000}) do
  local connection = offering(version, nil, nil)
  whole(connection, "version " .. version, {"<alice@lab.test>"}, "text\r\n")
  taken(connection)
  whole(connection, "version " .. version, {"<alice@lab.test>"}, eicar)
  said(connection, SMFIR_REPLYCODE, "infected")
  mt.disconnect(connection)
end

local plain = offering(2, 0, 0)
for name, action in pairs({CHGHDRS = SMFIF_CHGHDRS, QUARANTINE = SMFIF_QUARANTINE, SETSYMLIST = SMFIF_SETSYMLIST}) do
  expect(not mt.test_action(plain, action), "asks version 1 for " .. name)
end
expect(mt.test_action(plain, SMFIF_CHGBODY) and mt.test_action(plain, SMFIF_ADDHDRS), "doesn't know what version 1 can do")
expect(not mt.test_option(plain, SMFIP_NR_HDR) and not mt.test_option(plain, SMFIP_HDR_LEADSPC), "asks version 1 for silence")
whole(plain, "to version 1", {"<alice@lab.test>"}, "text\r\n")
taken(plain)
mt.disconnect(plain)

local parts = {{"MIME-Version", "1.0"}, {"Content-Type", "multipart/mixed; boundary=b"}}
local virus = "--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/octet-stream; name=v.bin\r\n\r\n" .. eicar .. "\r\n--b--\r\n"
local bodies = offering(6, SMFIF_ADDHDRS + SMFIF_CHGHDRS + SMFIF_DELRCPT, nil)
whole(bodies, "no body can be changed", {"<strip@lab.test>"}, virus, parts)
said(bodies, SMFIR_DISCARD, "what can't be stripped")
expect(not mt.eom_check(bodies, MT_BODYCHANGE), "changes a body without leave")
whole(bodies, "and yet", {"<alice@lab.test>"}, "text\r\n")
taken(bodies)
mt.disconnect(bodies)

local recipients = offering(6, SMFIF_ADDHDRS + SMFIF_CHGHDRS + SMFIF_CHGBODY, nil)
whole(recipients, "no recipient can be removed", {"<whole@lab.test>", "<held@lab.test>"}, eicar)
said(recipients, SMFIR_DISCARD, "what one must not get is held for all")
expect(not mt.eom_check(recipients, MT_RCPTDELETE, "<held@lab.test>"), "removes a recipient without leave")
mt.disconnect(recipients)

local nothing = offering(6, SMFIF_QUARANTINE, nil)
whole(nothing, "nothing can be changed", {"<tagged@lab.test>"}, eicar)
taken(nothing)
expect(not mt.eom_check(nothing, MT_HDRCHANGE) and not mt.eom_check(nothing, MT_HDRINSERT), "changes a header without leave")
mt.disconnect(nothing)
