// SPDX-License-Identifier: GPL-2.0-only
// The header scanner: what it says and puts out doesn't depend on the cut; a second pass finds nothing to
// drop; the key is the digest of what lies below the trace; what is kept is bounded.
#include <cstdlib>

#include "protocol/header_scanner.hpp"
#include "protocol/pieces_for_test.hpp"

namespace {

struct Scanned {
  std::string out, message_id, subject;
  std::uint32_t received = 0, forged = 0;
  std::uint64_t below_trace = 0;
  rastel::Digest key;
  bool operator==(const Scanned&) const = default;
};

constexpr std::array<std::string_view, 12> tokens{
    "X-Rastel", "Received:",   "Return-Path:",
    "Subject:", "Message-ID:", "\r\n",
    "\r\n ",    "\r\n\t",      " :",
    ": ",       "\r\n\r\n",    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"};

Scanned scan(const rastel::for_test::Pieces& pieces) {
  rastel::HeaderScanner scanner("X-Rastel");
  Scanned scanned;
  std::size_t fed = 0;
  for (const std::string_view piece : pieces) {
    if (scanner.in_body() && fed % 2 == 0) {
      scanned.out += piece;
      scanner.pass(piece);
    } else {
      scanner.feed(piece, scanned.out);
    }
    fed += piece.size();
    if (scanned.out.size() > fed) std::abort();
    // Without a field to drop, no more than a line is held back.
    if (scanner.forged_fields() == 0 && fed - scanned.out.size() > rastel::HeaderScanner::longest_looked_at)
      std::abort();
  }
  scanner.finish(scanned.out);
  scanned.message_id = scanner.message_id();
  scanned.subject = scanner.subject();
  scanned.received = scanner.received_fields();
  scanned.forged = scanner.forged_fields();
  scanned.below_trace = scanner.below_trace();
  scanned.key = scanner.retry_key();
  return scanned;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data), size}, tokens);
  const Scanned whole = scan({bytes});
  for (const std::uint32_t seed : {1U, 2U})
    if (!(scan(rastel::for_test::random_pieces(bytes, seed)) == whole)) std::abort();
  if (whole.forged == 0 && whole.out != bytes) std::abort();
  if (whole.below_trace > whole.out.size()) std::abort();
  if (whole.key != rastel::sha256(std::string_view(whole.out).substr(whole.below_trace))) std::abort();
  if (whole.message_id.size() > 998 || whole.subject.size() > 998) std::abort();
  const Scanned again = scan({whole.out});
  if (again.forged != 0 || again.out != whole.out || again.received != whole.received) std::abort();
  return 0;
}
