// SPDX-License-Identifier: GPL-2.0-only
#include "base/error.hpp"

#include <cerrno>
#include <system_error>

namespace rastel {

std::unexpected<Error> fail_errno(int number, std::string what) {
  const bool full = number == ENOSPC || number == EDQUOT;
  what += ": ";
  what += std::generic_category().message(number);
  return fail(full ? ErrorKind::no_space : ErrorKind::ours, std::move(what));
}

}  // namespace rastel
