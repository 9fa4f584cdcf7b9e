-- SPDX-License-Identifier: GPL-2.0-only
-- What the scripts have in common. Given: `where`, the door, as miltertest names sockets; `behind`, one behind the queue; `small`,
-- one that answers within a second and takes three recipients; `tcp`, one on a port; `log`, the daemon's log; `pid`, its process;
-- `eicar`, what is found; `encoded`, the same in base64.

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

function open(host, address, socket)
  local connection = mt.connect(socket or where)
  expect(connection ~= nil, "no connection to " .. (socket or where))
  good(mt.conninfo(connection, host or "client.example.org", address or "192.0.2.7"), "CONNECT")
  good(mt.helo(connection, host or "client.example.org"), "HELO")
  return connection
end

-- A mail server that offers this and no more. Steps come first, whatever miltertest's manual says.
function offering(version, actions, steps)
  local connection = mt.connect(where)
  good(mt.negotiate(connection, version, steps, actions), "negotiation")
  return connection
end

-- From MAIL to the end of the header; `recipients` in angle brackets.
function begin(connection, subject, recipients, fields, queue)
  good(mt.macro(connection, SMFIC_MAIL, "i", queue or "4XyZ"), "macros")
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

function whole(connection, subject, recipients, body, fields, queue)
  begin(connection, subject, recipients, fields, queue)
  good(mt.bodystring(connection, body), "a body")
  good(mt.eom(connection), "the end of the message")
end

-- The value of the X-Rastel that a message got.
function own(connection)
  local value = mt.getheader(connection, "X-Rastel", 0)
  expect(value ~= nil, "no X-Rastel")
  return value
end

-- The log's last line with this in it.
function logged(what)
  local found
  for line in io.lines(log) do
    if line:find(what, 1, true) then found = line end
  end
  expect(found ~= nil, "the log doesn't say " .. what)
  return found
end

-- The log's line of the message that was just taken.
function story(connection) return logged(own(connection):match("id=(%x+)") .. ":") end

function has(line, what) expect(line:find(what, 1, true) ~= nil, "not " .. what .. ", but " .. line) end

-- Its answer, but for the message's id, which the log knows by the queue's.
function refused_as(connection, code, enhanced, text, queue)
  said(connection, SMFIR_REPLYCODE, text)
  local id = logged("queue=" .. queue .. " "):match("(%x+): door=")
  local told = mt.eom_check(connection, MT_SMTPREPLY, code, enhanced, text .. ", id " .. id)
  expect(told, "not told: " .. code .. " " .. enhanced .. " " .. text)
end
