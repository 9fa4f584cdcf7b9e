-- SPDX-License-Identifier: GPL-2.0-only
-- B-04: a step that was negotiated silent is never answered: one answer too many would be taken for that of a later step, and a
-- refused message look taken. One that isn't silent is answered, each alone.
dofile(folder .. "/talk.lua")
mt.set_timeout(5)

local function through(connection, what)
  for round = 1, 3 do
    whole(connection, what .. " " .. round, {"<alice@lab.test>", "<bob@lab.test>"}, eicar)
    said(connection, SMFIR_REPLYCODE, what)
    whole(connection, what .. " " .. round, {"<alice@lab.test>"}, "text\r\n")
    taken(connection)
  end
  mt.disconnect(connection)
end

through(offering(6, nil, nil), "all of them silent")
through(offering(6, nil, SMFIP_SKIP), "none of them silent")
for name, step in pairs({NR_CONN = SMFIP_NR_CONN, NR_HELO = SMFIP_NR_HELO, NR_MAIL = SMFIP_NR_MAIL, NR_RCPT = SMFIP_NR_RCPT,
                         NR_DATA = SMFIP_NR_DATA, NR_HDR = SMFIP_NR_HDR, NR_EOH = SMFIP_NR_EOH, NR_BODY = SMFIP_NR_BODY}) do
  through(offering(6, nil, step), "one silent step, " .. name)
end

local asked = offering(6, nil, SMFIP_SKIP)
good(mt.conninfo(asked, "client.example.org", "192.0.2.7"), "CONNECT")
good(mt.unknown(asked, "XFOO bar"), "an unknown command")
said(asked, SMFIR_CONTINUE, "an unknown command")
whole(asked, "behind an unknown command", {"<alice@lab.test>"}, "text\r\n")
taken(asked)
mt.disconnect(asked)
