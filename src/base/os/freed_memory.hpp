// SPDX-License-Identifier: GPL-2.0-only
// malloc keeps what is freed, up to 16 MiB at the end of its heap, and blocks of up to 4 MiB are taken from
// there. Buffers of some ten KiB come and go with every message: to give their pages back to the kernel each
// time, and fault them in anew, is a tenth of all that a small message costs. Larger blocks (the counters of
// a production-scale set of signatures) stay the kernel's. Only with glibc; elsewhere malloc does as it
// likes.
#pragma once

namespace rastel::os {

void keep_freed_memory();  // for the whole process; before its first threads
// Gives back all the same what lies unused now, between blocks in use too: after a large piece of work.
void return_freed_memory();

}  // namespace rastel::os
