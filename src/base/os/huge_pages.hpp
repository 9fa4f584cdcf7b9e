// SPDX-License-Identifier: GPL-2.0-only
// A process whose memory lies in few large pages forks faster: there is less to note for the child. Only
// Linux (6.1) can bring memory into them that is in use already; elsewhere, and where the machine has none to
// give, nothing happens.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

namespace rastel::os {

inline constexpr std::size_t huge_page = std::size_t{2} << 20;  // bytes; of the usual processors

// All private, writable memory of this process that has no file, as far as the kernel can. Takes seconds for
// a gigabyte. Bytes that were brought into huge pages, or lay in them already.
std::uint64_t use_huge_pages();

// What has to stand in a program's environment so that its malloc asks for them (glibc from 2.35): name and
// value. What the environment says already stands behind it and so has the last word.
std::pair<std::string, std::string> huge_pages_for_malloc();

}  // namespace rastel::os
