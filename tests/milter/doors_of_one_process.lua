-- SPDX-License-Identifier: GPL-2.0-only
-- B-01: libmilter has one filter a process and a thread a connection. Here two doors of one process, each with its own policy, talk
-- to many connections at once, whose messages are all under way together, and no thread is added.
dofile(folder .. "/talk.lua")

local function threads()
  for line in io.lines("/proc/" .. pid .. "/status") do
    local count = line:match("^Threads:%s+(%d+)")
    if count then return tonumber(count) end
  end
end

local first = open()
whole(first, "the first one", {"<alice@lab.test>"}, "text\r\n")
taken(first)

local before = threads()
local many = {}
for number = 1, 40 do
  many[number] = open(nil, nil, number % 2 == 0 and behind or where)
  begin(many[number], "number " .. number, {"<alice@lab.test>"})
  good(mt.bodystring(many[number], eicar), "a body")
end
expect(threads() < before + 20, before .. " threads became " .. threads())
for number, connection in ipairs(many) do
  good(mt.eom(connection), "the end of the message")
  said(connection, number % 2 == 0 and SMFIR_DISCARD or SMFIR_REPLYCODE, "number " .. number)
  mt.disconnect(connection)
end
