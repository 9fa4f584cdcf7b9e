// SPDX-License-Identifier: GPL-2.0-only
// Report frames as a hostile worker sends them. What is accepted survives a round trip.
#include <algorithm>
#include <cstdlib>

#include "sandbox/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::sandbox;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto report = decode_report(bytes)) {
    const auto again = decode_report(encode_report(*report));
    if (!again || again->findings != report->findings || again->unscanned != report->unscanned ||
        again->places != report->places)
      std::abort();
  }
  // As raw frames: each 16-bit length is followed by a frame of that many bytes.
  ReportAssembler frames(0);
  for (std::string_view rest = bytes; rest.size() >= 2;) {
    const auto length = static_cast<std::size_t>(static_cast<std::uint8_t>(rest[0]) |
                                                 static_cast<std::uint8_t>(rest[1]) << 8U);
    rest.remove_prefix(2);
    if (frames.add(rest.substr(0, length)) != ReportAssembler::Progress::more) break;
    rest.remove_prefix(std::min(length, rest.size()));
  }
  // As the body of one that is well formed.
  ReportAssembler assembler(7);
  FrameHeader header;
  header.number = 7;
  header.kind = FrameKind::report_end;
  if (assembler.add(encode_frame(header, bytes.substr(0, largest_body))) == ReportAssembler::Progress::more)
    std::abort();
  (void)decode_ready(bytes);
  return 0;
}
