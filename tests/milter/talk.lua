-- SPDX-License-Identifier: GPL-2.0-only
-- What the scripts have in common. Given: `where`, a socket as miltertest names it; `eicar`, what is found.

-- miltertest ends with 1 and says nothing of an error's text.
function fail(what)
  mt.echo(what)
  error(what)
end

function good(problem, what)
  if problem ~= nil then fail(what .. ": " .. tostring(problem)) end
end

function expect(holds, what)
  if not holds then fail(what) end
end

function said(connection, reply, what)
  local last = mt.getreply(connection)
  expect(last == reply, what .. ": answered " .. string.char(last))
end

function taken(connection)
  local last = mt.getreply(connection)
  expect(last == SMFIR_CONTINUE or last == SMFIR_ACCEPT, "not taken, but answered " .. string.char(last))
end

function open(host, address)
  local connection = mt.connect(where)
  expect(connection ~= nil, "no connection to " .. where)
  good(mt.conninfo(connection, host or "client.example.org", address or "192.0.2.7"), "CONNECT")
  return connection
end

-- From MAIL to the end of the header; `recipients` in angle brackets.
function begin(connection, subject, recipients, fields)
  good(mt.macro(connection, SMFIC_MAIL, "i", "4XyZ"), "macros")
  good(mt.mailfrom(connection, "<a@remote.test>"), "MAIL")
  said(connection, SMFIR_CONTINUE, "MAIL")
  for _, recipient in ipairs(recipients) do
    good(mt.rcptto(connection, recipient), "RCPT")
    said(connection, SMFIR_CONTINUE, "RCPT")
  end
  good(mt.data(connection), "DATA")
  good(mt.header(connection, "From", "a@remote.test"), "From")
  good(mt.header(connection, "Subject", subject), "Subject")
  for _, field in ipairs(fields or {}) do good(mt.header(connection, field[1], field[2]), field[1]) end
  good(mt.eoh(connection), "the end of the header")
end

function whole(connection, subject, recipients, body, fields)
  begin(connection, subject, recipients, fields)
  good(mt.bodystring(connection, body), "a body")
  good(mt.eom(connection), "the end of the message")
end
