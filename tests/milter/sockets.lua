-- SPDX-License-Identifier: GPL-2.0-only
-- B-34: the same door by a unix socket and by TCP.
dofile(folder .. "/talk.lua")

for _, socket in ipairs({where, tcp}) do
  local connection = open(nil, nil, socket)
  whole(connection, "infected", {"<alice@lab.test>"}, eicar)
  said(connection, SMFIR_REPLYCODE, "infected, by " .. socket)
  whole(connection, "clean", {"<alice@lab.test>"}, "text\r\n")
  taken(connection)
  mt.disconnect(connection)
end
