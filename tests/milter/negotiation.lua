-- SPDX-License-Identifier: GPL-2.0-only
-- B-02 to B-05: what is asked for, what isn't, and mail servers that offer little.
dofile(folder .. "/talk.lua")

local modern = mt.connect(where)
good(mt.negotiate(modern, 6, nil, nil), "version 6")
for name, action in pairs({ADDHDRS = SMFIF_ADDHDRS, CHGHDRS = SMFIF_CHGHDRS, CHGBODY = SMFIF_CHGBODY, DELRCPT = SMFIF_DELRCPT}) do
  expect(mt.test_action(modern, action), "doesn't ask for " .. name)
end
for name, action in pairs({ADDRCPT = SMFIF_ADDRCPT, QUARANTINE = SMFIF_QUARANTINE, CHGFROM = SMFIF_CHGFROM}) do
  expect(not mt.test_action(modern, action), "asks for " .. name .. " without need")
end
for name, option in pairs({NOCONNECT = SMFIP_NOCONNECT, NOMAIL = SMFIP_NOMAIL, NORCPT = SMFIP_NORCPT, NOHDRS = SMFIP_NOHDRS, NOBODY = SMFIP_NOBODY}) do
  expect(not mt.test_option(modern, option), "doesn't want to see: " .. name)
end
for name, option in pairs({NR_HDR = SMFIP_NR_HDR, NR_BODY = SMFIP_NR_BODY, NR_EOH = SMFIP_NR_EOH}) do
  expect(mt.test_option(modern, option), "has the mail server wait at each: " .. name)
end
for name, option in pairs({NR_MAIL = SMFIP_NR_MAIL, NR_RCPT = SMFIP_NR_RCPT}) do
  expect(not mt.test_option(modern, option), "can't refuse at " .. name)
end
mt.disconnect(modern)

local old = mt.connect(where)
good(mt.negotiate(old, 2, SMFIF_ADDHDRS, 0x7f), "version 2")
expect(not mt.test_option(old, SMFIP_NR_HDR), "is silent where that isn't offered")
good(mt.conninfo(old, "client.example.org", "192.0.2.7"), "CONNECT")
whole(old, "to an old one", {"<alice@lab.test>"}, "text\r\n")
taken(old)
mt.disconnect(old)
