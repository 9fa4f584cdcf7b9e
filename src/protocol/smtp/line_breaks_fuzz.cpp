// SPDX-License-Identifier: GPL-2.0-only
// Line breaks and DATA. Normalised bytes hold no bare CR, bare LF or NUL, don't depend on the cut and are
// stable; what the encoder makes of any bytes, the decoder gives back, and finds the end where it is and
// nowhere before.
#include <cstdlib>

#include "protocol/pieces_for_test.hpp"
#include "protocol/smtp/data_decoder.hpp"
#include "protocol/smtp/line_breaks.hpp"

namespace {

using rastel::for_test::Pieces;

std::string whole(rastel::smtp::LineBreakPolicy policy, const Pieces& pieces, bool& found) {
  rastel::smtp::LineBreaks breaks(policy);
  std::string out;
  for (const std::string_view piece : pieces) breaks.feed(piece, out);
  breaks.finish(out);
  found = breaks.found();
  return out;
}

void check_line_breaks(std::string_view bytes) {
  using rastel::smtp::LineBreakPolicy;
  bool found = false;
  bool other_found = false;
  const std::string out = whole(LineBreakPolicy::normalize, {bytes}, found);
  for (std::size_t at = 0; at < out.size(); ++at) {
    if (out[at] == '\0') std::abort();
    if (out[at] == '\n' && (at == 0 || out[at - 1] != '\r')) std::abort();
    if (out[at] == '\r' && (at + 1 == out.size() || out[at + 1] != '\n')) std::abort();
  }
  if (found != (out != bytes)) std::abort();
  for (const std::uint32_t seed : {1U, 2U})
    if (whole(LineBreakPolicy::normalize, rastel::for_test::random_pieces(bytes, seed, 4), other_found) !=
            out ||
        other_found != found)
      std::abort();
  if (whole(LineBreakPolicy::normalize, {out}, other_found) != out || other_found) std::abort();
  for (const auto policy : {LineBreakPolicy::reject, LineBreakPolicy::as_is})
    if (whole(policy, rastel::for_test::random_pieces(bytes, 3, 4), other_found) != bytes ||
        other_found != found)
      std::abort();
}

void check_data(std::string_view bytes) {
  rastel::smtp::DataEncoder encoder;
  std::string wire;
  for (const std::string_view piece : rastel::for_test::random_pieces(bytes, 1, 4))
    encoder.encode(piece, wire);
  std::string message(bytes);
  if (encoder.finish(wire)) message += "\r\n";
  rastel::smtp::DataDecoder decoder;
  std::string content;
  std::size_t left = wire.size();
  for (std::string_view piece : rastel::for_test::random_pieces(wire, 2, 4)) {
    left -= piece.size();
    if (decoder.decode(piece, content) && left + piece.size() != 0) std::abort();
  }
  if (content != message) std::abort();
  // And whatever comes off the wire: where the end is doesn't depend on the cut.
  rastel::smtp::DataDecoder first;
  rastel::smtp::DataDecoder second;
  std::string of_first;
  std::string of_second;
  std::string_view rest = bytes;
  const bool ended = first.decode(rest, of_first);
  bool ended_too = false;
  for (std::string_view piece : rastel::for_test::random_pieces(bytes, 3, 4))
    if (!ended_too) ended_too = second.decode(piece, of_second);
  if (ended != ended_too || of_first != of_second) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check_line_breaks(bytes);
  check_data(bytes);
  return 0;
}
