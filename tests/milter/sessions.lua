-- SPDX-License-Identifier: GPL-2.0-only
-- B-07, B-35: many messages, aborts at every point, clients of every family, and a mail server that just leaves.
dofile(folder .. "/talk.lua")

local connection = open("v6.example.org", "2001:db8::7")
for round = 1, 3 do
  whole(connection, "round " .. round, {"<alice@lab.test>"}, "text\r\n")
  taken(connection)
  good(mt.mailfrom(connection, "<a@remote.test>"), "MAIL")
  good(mt.abort(connection), "abort behind MAIL")
  begin(connection, "left", {"<alice@lab.test>"})
  good(mt.abort(connection), "abort behind the header")
  begin(connection, "left", {"<alice@lab.test>"})
  good(mt.bodystring(connection, eicar), "a body")
  good(mt.abort(connection), "abort behind the body")
  whole(connection, "infected", {"<alice@lab.test>"}, eicar)
  said(connection, SMFIR_REPLYCODE, "infected behind aborts")
end
mt.disconnect(connection)

local unknown = open("unknown.example.org", "unspec")
whole(unknown, "from nowhere", {"<alice@lab.test>"}, "text\r\n")
taken(unknown)
mt.disconnect(unknown)

for _ = 1, 5 do
  local leaving = open()
  begin(leaving, "left behind", {"<alice@lab.test>"})
  mt.disconnect(leaving, false)
end
local after = open()
whole(after, "still there", {"<alice@lab.test>"}, "text\r\n")
taken(after)
mt.disconnect(after)
