-- SPDX-License-Identifier: GPL-2.0-only
-- B-35: clients by IPv4, by IPv6 and from nowhere, with a name, without one, and with one in brackets.
dofile(folder .. "/talk.lua")

for _, client in ipairs({
  {"client.example.org", "192.0.2.7", "client=client.example.org[192.0.2.7]"},
  {"[192.0.2.7]", "192.0.2.7", "client=unknown[192.0.2.7]"},
  {"unknown", "192.0.2.7", "client=unknown[192.0.2.7]"},
  {"v6.example.org", "2001:db8::7", "client=v6.example.org[2001:db8::7]"},
  {"v6.example.org", "2001:DB8:0:0::7", "client=v6.example.org[2001:db8::7]"},
  {"nowhere.example.org", "unspec", "client=nowhere.example.org["},
}) do
  local connection = open(client[1], client[2])
  whole(connection, "from " .. client[2], {"<alice@lab.test>"}, "text\r\n")
  taken(connection)
  has(story(connection), client[3])
  mt.disconnect(connection)
end
