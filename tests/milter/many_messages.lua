-- SPDX-License-Identifier: GPL-2.0-only
-- B-07: many messages a connection; aborts at every point and again and again, or none at all; HELO once more; mail servers that
-- just leave. What was given up is in no later message.
dofile(folder .. "/talk.lua")

local function abort(connection, what)
  good(mt.abort(connection), what)
  good(mt.abort(connection), what .. ", again")
end

local connection = open()
abort(connection, "an abort before anything")
for round = 1, 3 do
  whole(connection, "clean " .. round, {"<alice@lab.test>"}, "text\r\n")
  taken(connection)
  whole(connection, "infected " .. round, {"<alice@lab.test>"}, eicar)
  said(connection, SMFIR_REPLYCODE, "infected, and no abort before")
  abort(connection, "an abort behind the final answer")
  good(mt.mailfrom(connection, "<a@remote.test>"), "MAIL")
  abort(connection, "an abort behind MAIL")
  good(mt.mailfrom(connection, "<a@remote.test>"), "MAIL")
  good(mt.rcptto(connection, "<held@lab.test>"), "RCPT")
  abort(connection, "an abort behind RCPT")
  begin(connection, "left " .. round, {"<held@lab.test>"})
  abort(connection, "an abort behind the header")
  begin(connection, "left " .. round, {"<held@lab.test>"})
  good(mt.bodystring(connection, eicar), "a body")
  abort(connection, "an abort behind the body")
  good(mt.helo(connection, "again" .. round .. ".example.org"), "HELO, again")
  whole(connection, "behind aborts " .. round, {"<whole@lab.test>"}, "text\r\n")
  taken(connection)
  has(story(connection), "to=<whole@lab.test> ")
  has(story(connection), "class=clean ")
end

-- The mail server's client says HELO in the middle and begins anew; no abort is sent by Sendmail.
begin(connection, "given up by HELO", {"<held@lab.test>"})
good(mt.helo(connection, "late.example.org"), "HELO within a message")
whole(connection, "behind HELO", {"<alice@lab.test>"}, "text\r\n")
taken(connection)
has(story(connection), "to=<alice@lab.test> ")
mt.disconnect(connection)

for point = 1, 6 do
  local leaving = mt.connect(where)
  if point > 1 then good(mt.conninfo(leaving, "client.example.org", "192.0.2.7"), "CONNECT") end
  if point > 2 then good(mt.helo(leaving, "client.example.org"), "HELO") end
  if point > 3 then good(mt.mailfrom(leaving, "<a@remote.test>"), "MAIL") end
  if point > 4 then begin(leaving, "left behind", {"<held@lab.test>"}) end
  if point > 5 then good(mt.bodystring(leaving, eicar), "a body") end
  mt.disconnect(leaving, false)
end
local after = open()
whole(after, "still there", {"<alice@lab.test>"}, "text\r\n")
taken(after)
mt.disconnect(after)
