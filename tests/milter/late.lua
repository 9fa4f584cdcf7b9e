-- SPDX-License-Identifier: GPL-2.0-only
-- B-22, B-31: nobody scans here. The door's own deadline ends the wait, whatever the mail server's is, with a 451; the connection
-- stays, and the next message is answered in the same way.
dofile(folder .. "/talk.lua")
mt.set_timeout(5)

local connection = open(nil, nil, small)
for round, queue in ipairs({"Q22a", "Q22b"}) do
  whole(connection, "late " .. round, {"<alice@lab.test>"}, "text " .. round .. "\r\n", {}, queue)
  said(connection, SMFIR_REPLYCODE, "late")
  has(logged("queue=" .. queue .. " "), "reply=\"451 4.")
end
mt.disconnect(connection)
