-- SPDX-License-Identifier: GPL-2.0-only
-- B-33: the mail server has refused some, and says so: they aren't asked for, and where they come they have no share in what becomes
-- of the message. For those that are left the strictest edit is made for all.
dofile(folder .. "/talk.lua")

local function message(connection, refused, recipients, body, fields)
  good(mt.mailfrom(connection, "<a@remote.test>"), "MAIL")
  for _, recipient in ipairs(refused) do
    good(mt.macro(connection, SMFIC_RCPT, "{rcpt_mailer}", "error", "{rcpt_host}", "5.1.1"), "macros")
    good(mt.rcptto(connection, recipient), "a refused RCPT")
    said(connection, SMFIR_CONTINUE, "a refused RCPT")
  end
  for _, recipient in ipairs(recipients) do
    good(mt.macro(connection, SMFIC_RCPT, "{rcpt_mailer}", "esmtp"), "macros")
    good(mt.rcptto(connection, recipient), "RCPT")
  end
  for _, field in ipairs(fields or {}) do good(mt.header(connection, field[1], field[2]), field[1]) end
  good(mt.bodystring(connection, body), "a body")
  good(mt.eom(connection), "the end of the message")
end

local connection = open()
expect(not mt.test_option(connection, SMFIP_RCPT_REJ), "asks for refused recipients")
message(connection, {"<held@lab.test>", "<later@lab.test>"}, {"<whole@lab.test>"}, eicar)
taken(connection)
has(story(connection), "to=<whole@lab.test> ")
expect(not mt.eom_check(connection, MT_RCPTDELETE, "<held@lab.test>"), "removes who was none")
message(connection, {"<whole@lab.test>"}, {"<held@lab.test>"}, eicar)
said(connection, SMFIR_DISCARD, "held for the only one")

local parts = {{"MIME-Version", "1.0"}, {"Content-Type", "multipart/mixed; boundary=b"}}
local virus = "--b\r\n\r\ntext\r\n--b\r\nContent-Type: application/octet-stream; name=v.bin\r\n\r\n" .. eicar .. "\r\n--b--\r\n"
message(connection, {}, {"<whole@lab.test>", "<strip@lab.test>"}, virus, parts)
taken(connection)
expect(mt.eom_check(connection, MT_BODYCHANGE), "the part stays, as one may have it")
expect(not mt.eom_check(connection, MT_RCPTDELETE, "<whole@lab.test>"), "who may have more gets nothing")
mt.disconnect(connection)
