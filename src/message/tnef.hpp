// SPDX-License-Identifier: GPL-2.0-only
// TNEF (MS-OXTNEF): what Outlook wraps a message's attachments and formatted text in, winmail.dat. Read
// tolerantly: checksums are not looked at, what is cut short is taken as far as it goes, and `broken` says
// so.
//
// One pass; every length is checked. Limits: `most_files`, `room` for what is unpacked (text only; a file's
// bytes are a view); behind them nothing is read and `cut` says so.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace rastel::message {

struct TnefFile {
  std::vector<std::string> names;  // title and long name, as they stand there
  std::string_view bytes;          // of the stream; of the text, when that isn't packed
  std::string unpacked;            // the text, when it was packed: then `bytes` is empty
};

struct Tnef {
  std::vector<TnefFile> files;
  bool broken = false;
  bool cut = false;

  static constexpr std::size_t most_files = 1000;
};

[[nodiscard]] bool is_tnef(std::string_view bytes);

// Attachments, messages within it (TNEF again) and the formatted text. Valid as long as `bytes`.
[[nodiscard]] Tnef read_tnef(std::string_view bytes, std::size_t room);

}  // namespace rastel::message
