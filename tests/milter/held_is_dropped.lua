-- SPDX-License-Identifier: GPL-2.0-only
-- B-15: a mail server's own quarantine is neither asked for nor used: what is held lies in ours, and the mail server drops its copy
-- with a 250, so that nothing bounces.
dofile(folder .. "/talk.lua")

local connection = open()
expect(not mt.test_action(connection, SMFIF_QUARANTINE), "asks for a quarantine that it doesn't use")
whole(connection, "for the shelf", {"<held@lab.test>"}, eicar, {}, "Q15a")
said(connection, SMFIR_DISCARD, "held")
expect(not mt.eom_check(connection, MT_QUARANTINE), "held twice")
has(logged("queue=Q15a "), "action=quarantine")
whole(connection, "on the record", {"<gone@lab.test>"}, eicar, {}, "Q15b")
said(connection, SMFIR_DISCARD, "discarded")
has(logged("queue=Q15b "), "action=discard")
mt.disconnect(connection)
