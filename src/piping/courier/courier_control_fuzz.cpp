// SPDX-License-Identifier: GPL-2.0-only
// What Courier's clients may make it write into a control file, and a connection that may be anybody's: what
// is taken is no longer than what there was, and no pieces make a difference.
#include <array>
#include <cstdlib>

#include "piping/courier/control.hpp"
#include "protocol/pieces_for_test.hpp"

namespace {

using namespace rastel::piping::courier;

void check_paths(std::string_view bytes) {
  PathsReader whole, pieces;
  const auto state = whole.receive(bytes);
  auto last = PathsReader::State::reading;
  for (const std::string_view piece : rastel::for_test::random_pieces(bytes, 1)) last = pieces.receive(piece);
  if (!bytes.empty() && state != last) std::abort();
  if (state != PathsReader::State::done) return;
  if (whole.paths() != pieces.paths() || whole.paths().controls.empty()) std::abort();
  if (!whole.paths().message.starts_with('/')) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 10> tokens{"fdns; there (name [::ffff:192.0.2.1])\n",
                                                    "sa@x\n",
                                                    "rb@y\n",
                                                    "OTCPREMOTEIP=::1\n",
                                                    "\n\n",
                                                    "/path\n",
                                                    " ([",
                                                    "])\n",
                                                    "::ffff:",
                                                    "aaaaaaaaaaaaaaaaaaaaaaaa"};
  const std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data), size}, tokens);
  rastel::pipe::Request request;
  read_control(bytes, request);
  std::size_t all = request.sender.size() + request.client_address.size() + request.client_helo.size() +
                    request.client_name.size() + request.user.size() + request.queue_id.size();
  for (const std::string& recipient : request.recipients) {
    if (recipient.empty() || recipient.contains('\n')) std::abort();
    all += recipient.size();
  }
  if (all > bytes.size()) std::abort();
  check_paths(bytes);
  return 0;
}
