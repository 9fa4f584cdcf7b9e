-- SPDX-License-Identifier: GPL-2.0-only
-- B-23: nobody scans here, and yet each step but the last is answered at once, megabytes of a body too.
dofile(folder .. "/talk.lua")
mt.set_timeout(2)

for name, steps in pairs({silent = SMFIP_NR_BODY, answered = SMFIP_SKIP}) do
  local connection = offering(6, nil, steps)
  for _ = 1, 2 do
    begin(connection, "no hurry", {"<alice@lab.test>", "<held@lab.test>"}, {{"X-Steps", name}})
    good(mt.bodyrandom(connection, 1024 * 1024), "a body")
    good(mt.abort(connection), "an abort")
  end
  mt.disconnect(connection)
end
