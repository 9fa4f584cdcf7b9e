-- SPDX-License-Identifier: GPL-2.0-only
-- B-06: Sendmail has the queue's id from MAIL on, Postfix from DATA; who was logged in for one message isn't for the next, and an
-- abort forgets what belongs to the message alone.
dofile(folder .. "/talk.lua")

local data, at_header_end = string.byte("T"), string.byte("N")
local function plain(connection, stage, queue)
  good(mt.mailfrom(connection, "<a@remote.test>"), "MAIL")
  good(mt.rcptto(connection, "<alice@lab.test>"), "RCPT")
  if stage == data then good(mt.macro(connection, data, "i", queue), "macros") end
  good(mt.data(connection), "DATA")
  good(mt.header(connection, "Subject", "macros"), "Subject")
  good(mt.eoh(connection), "the end of the header")
  good(mt.bodystring(connection, "text\r\n"), "a body")
  good(mt.eom(connection), "the end of the message")
  taken(connection)
end

local connection = mt.connect(where)
good(mt.macro(connection, SMFIC_CONNECT, "j", "mx.lab.test", "{client_resolve}", "OK"), "macros")
good(mt.conninfo(connection, "client.example.org", "192.0.2.7"), "CONNECT")
good(mt.macro(connection, SMFIC_HELO, "{tls_version}", "TLSv1.3"), "macros")
good(mt.helo(connection, "client.example.org"), "HELO")

good(mt.macro(connection, SMFIC_MAIL, "i", "SendmailQ", "{auth_authen}", "vera"), "macros")
plain(connection)
local first = story(connection)
has(first, "queue=SendmailQ ")
has(first, "auth=vera ")
has(first, "tls=TLSv1.3 ")
has(first, "client=client.example.org[192.0.2.7]")

plain(connection, data, "PostfixQ")
local second = story(connection)
has(second, "queue=PostfixQ ")
has(second, "auth=- ")
has(second, "tls=TLSv1.3 ")

good(mt.macro(connection, SMFIC_MAIL, "i", "Aborted", "{auth_authen}", "walt"), "macros")
good(mt.mailfrom(connection, "<a@remote.test>"), "MAIL")
good(mt.abort(connection), "an abort")
plain(connection)
local third = story(connection)
has(third, "queue=- ")
has(third, "auth=- ")
has(third, "tls=TLSv1.3 ")
has(third, "client=client.example.org[192.0.2.7]")
mt.disconnect(connection)

-- Sendmail's name is what the address claims to be; Postfix's has led back.
for resolved, name in pairs({OK = "client.example.org", FORGED = "unknown", FAIL = "unknown", TEMP = "unknown"}) do
  local claiming = mt.connect(where)
  good(mt.macro(claiming, SMFIC_CONNECT, "{client_resolve}", resolved), "macros")
  good(mt.conninfo(claiming, "client.example.org", "192.0.2.7"), "CONNECT")
  whole(claiming, "a name", {"<alice@lab.test>"}, "text\r\n")
  has(story(claiming), "client=" .. name .. "[192.0.2.7]")
  mt.disconnect(claiming)
end
