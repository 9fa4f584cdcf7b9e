// SPDX-License-Identifier: GPL-2.0-only
// Report frames as a hostile worker sends them. What is accepted survives a round trip.
#include <cstdlib>

#include "sandbox/wire.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace rastel::sandbox;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto report = decode_report(bytes)) {
    const auto again = decode_report(encode_report(*report));
    if (!again || again->findings != report->findings || again->unscanned != report->unscanned) std::abort();
  }
  ReportAssembler assembler;
  (void)assembler.add(bytes);
  FrameHeader header;
  header.kind = FrameKind::report_part;
  for (std::size_t i = 0; i < size; i += 512)
    if (assembler.add(encode_frame(header, bytes.substr(i, 512))) != ReportAssembler::Progress::more)
      return 0;
  header.kind = FrameKind::report_end;
  (void)assembler.add(encode_frame(header, {}));
  (void)decode_ready(bytes);
  return 0;
}
