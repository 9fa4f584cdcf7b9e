-- SPDX-License-Identifier: GPL-2.0-only
-- B-03: each flag offered alone, by libmilter's own numbers: what is wanted is asked for, the rest never.
dofile(folder .. "/talk.lua")

local wanted = {ADDHDRS = true, CHGHDRS = true, CHGBODY = true, DELRCPT = true, SETSYMLIST = true}
local actions = {ADDHDRS = SMFIF_ADDHDRS, CHGBODY = SMFIF_CHGBODY, ADDRCPT = SMFIF_ADDRCPT, DELRCPT = SMFIF_DELRCPT,
                 CHGHDRS = SMFIF_CHGHDRS, QUARANTINE = SMFIF_QUARANTINE, CHGFROM = SMFIF_CHGFROM, ADDRCPT_PAR = SMFIF_ADDRCPT_PAR,
                 SETSYMLIST = SMFIF_SETSYMLIST}
for name, action in pairs(actions) do
  local connection = offering(6, action, nil)
  for other, number in pairs(actions) do
    local asked = mt.test_action(connection, number)
    expect(asked == (name == other and wanted[name] == true), "offered " .. name .. ": " .. other .. " " .. tostring(asked))
  end
  mt.disconnect(connection)
end

-- "Don't send" but for unknown commands would hide the message; "I can do more" is wanted of the leading space alone; no answer is
-- due where nothing is decided, and one is at MAIL and RCPT, which can be refused.
local quiet = {NOUNKNOWN = true, HDR_LEADSPC = true, NR_CONN = true, NR_HELO = true, NR_DATA = true, NR_HDR = true, NR_EOH = true,
               NR_BODY = true, NR_UNKN = true}
local steps = {NOCONNECT = SMFIP_NOCONNECT, NOHELO = SMFIP_NOHELO, NOMAIL = SMFIP_NOMAIL, NORCPT = SMFIP_NORCPT,
               NOBODY = SMFIP_NOBODY, NOHDRS = SMFIP_NOHDRS, NOEOH = SMFIP_NOEOH, NOUNKNOWN = SMFIP_NOUNKNOWN,
               NODATA = SMFIP_NODATA, SKIP = SMFIP_SKIP, RCPT_REJ = SMFIP_RCPT_REJ, HDR_LEADSPC = SMFIP_HDR_LEADSPC,
               MDS_256K = SMFIP_MDS_256K, MDS_1M = SMFIP_MDS_1M, NR_CONN = SMFIP_NR_CONN, NR_HELO = SMFIP_NR_HELO,
               NR_MAIL = SMFIP_NR_MAIL, NR_RCPT = SMFIP_NR_RCPT, NR_DATA = SMFIP_NR_DATA, NR_HDR = SMFIP_NR_HDR,
               NR_EOH = SMFIP_NR_EOH, NR_BODY = SMFIP_NR_BODY, NR_UNKN = SMFIP_NR_UNKN}
for name, step in pairs(steps) do
  local connection = offering(6, nil, step)
  for other, number in pairs(steps) do
    local asked = mt.test_option(connection, number)
    expect(asked == (name == other and quiet[name] == true), "offered " .. name .. ": " .. other .. " " .. tostring(asked))
  end
  mt.disconnect(connection)
end
