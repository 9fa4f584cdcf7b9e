// SPDX-License-Identifier: GPL-2.0-only
// What goes over the sockets between daemon, zygote and worker (docs/wire.md). Fixed layouts in the machine's
// own byte order: both ends are the same program on the same machine. Decoders trust nothing: a worker may be
// in an attacker's hands, so every length and count is checked, names must match [A-Za-z0-9._-]{1,256}. Pure;
// any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "verdict/report.hpp"

namespace rastel::sandbox {

inline constexpr std::uint32_t wire_magic = 0x5253544c;  // "RSTL"
inline constexpr std::size_t largest_frame =
    64 * 1024;  // bytes; SEQPACKET fails with EMSGSIZE at about 200 KB
inline constexpr std::size_t largest_report = 4 * 1024 * 1024;

enum class FrameKind : std::uint32_t {
  // daemon → zygote
  fork_worker = 1,      // number
  kill_worker = 2,      // number
  share_verdicts = 11,  // one descriptor: the table of what is known, read-only (verdict_table.hpp)
  // zygote → daemon
  engine_ready = 3,    // text: "key=value" lines
  engine_failed = 4,   // text: one sentence
  worker_started = 5,  // number; one descriptor: the worker's socket
  worker_ended = 6,    // number, value: status of waitpid(2)
  // daemon → worker
  scan = 7,  // number (random), size, value: scan_wants; one descriptor: the message, read-only
  // worker → daemon
  worker_ready = 8,
  report_part = 9,  // number as asked; the body is full
  report_end = 10,  // number as asked
};

// FrameHeader::value of `scan`: these, added.
namespace scan_wants {
inline constexpr std::int32_t places = 1;  // Report::places
inline constexpr std::int32_t file = 2;    // ScanRequest::may_be_file
}  // namespace scan_wants

struct FrameHeader {
  std::uint32_t magic = wire_magic;
  FrameKind kind = FrameKind::scan;
  std::uint32_t number = 0;
  std::int32_t value = 0;
  std::uint64_t size = 0;  // scan: of the message in bytes
};

inline constexpr std::size_t largest_body = largest_frame - sizeof(FrameHeader);

struct Frame {
  FrameHeader header;
  std::string_view body;  // of the bytes that were decoded
};

[[nodiscard]] std::string encode_frame(const FrameHeader& header, std::string_view body);
[[nodiscard]] std::optional<Frame> decode_frame(std::string_view bytes);

[[nodiscard]] std::string encode_report(const Report& report);
// nullopt: it breaks the rules.
[[nodiscard]] std::optional<Report> decode_report(std::string_view bytes);

// Puts a report together from its frames. `number`: of the scan that it must answer.
class ReportAssembler {
 public:
  enum class Progress { more, complete, broken, too_large };
  explicit ReportAssembler(std::uint32_t number) : number_(number) {}
  [[nodiscard]] Progress add(std::string_view frame);
  [[nodiscard]] const Report& report() const { return report_; }

 private:
  std::uint32_t number_;
  std::string bytes_;
  Report report_;
};

// engine_ready's text.
struct EngineReady {
  std::string engine_version, signature_version;
  std::uint64_t signature_count = 0;
  std::int64_t signature_time = 0;
  bool builtin_only = false;
  std::string signature_digest;  // 64 hexadecimal digits, or ""
  std::uint64_t yara_rules = 0;
  std::uint64_t memory = 0;          // bytes that the loaded engine takes (PSS); 0: unknown
  std::uint64_t load_ms = 0;         // how long loading and proving took
  std::vector<std::string> missing;  // protections that could not be had, one sentence each
};
[[nodiscard]] std::string encode_ready(const EngineReady& ready);
[[nodiscard]] EngineReady decode_ready(std::string_view text);  // what can't be read keeps its default

}  // namespace rastel::sandbox
