-- SPDX-License-Identifier: GPL-2.0-only
-- B-09: folded fields, the space behind a colon, chunks of any size: what the scanner sees is the message, or a part of it would not
-- be decoded, or not found.
dofile(folder .. "/talk.lua")

local fields = {{"MIME-Version", "1.0"}, {"Content-Type", "multipart/mixed;\n\tboundary=b"}}
local body = "--b\r\nContent-Type: application/octet-stream;\r\n\tname=v.bin\r\n" ..
             "Content-Transfer-Encoding: base64\r\n\r\n" .. encoded .. "--b--\r\n"

-- miltertest shows the space behind the colon where that was negotiated, and eats it elsewhere.
for name, steps in pairs({kept = SMFIP_HDR_LEADSPC, eaten = SMFIP_SKIP}) do
  local connection = offering(6, nil, steps)
  for _, size in ipairs({1, 2, 7, 64, 1000}) do
    begin(connection, "folded", {"<alice@lab.test>"}, fields)
    for at = 1, #body, size do good(mt.bodystring(connection, string.sub(body, at, at + size - 1)), "a piece") end
    good(mt.eom(connection), "the end of the message")
    said(connection, SMFIR_REPLYCODE, "a virus in a part, in pieces of " .. size .. ", the space " .. name)
  end
  mt.disconnect(connection)
end

-- Megabytes, and what is found behind them.
local connection = open()
begin(connection, "large", {"<alice@lab.test>"})
good(mt.bodyrandom(connection, 5 * 1024 * 1024), "5 MiB")
good(mt.eom(connection), "the end of the message")
taken(connection)
begin(connection, "large, too", {"<alice@lab.test>"}, fields)
good(mt.bodystring(connection, "--b\r\n\r\n"), "a part")
good(mt.bodyrandom(connection, 1024 * 1024), "1 MiB")
good(mt.bodystring(connection, "\r\n" .. body), "a part")
good(mt.eom(connection), "the end of the message")
said(connection, SMFIR_REPLYCODE, "a virus behind a megabyte")
mt.disconnect(connection)
