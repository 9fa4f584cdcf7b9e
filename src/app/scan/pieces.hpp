// SPDX-License-Identifier: GPL-2.0-only
// Pieces of messages (message/partial) that lie in several files, for `rastel scan`. Nothing of them is
// interpreted here: which mails are pieces is told by their reports, and who puts them together is the reader
// in a worker (message/partial.hpp), for which they are wrapped into one message. What came of it is told by
// that message's report, which is as hostile as any.
//
// Limits: `most_pieces`, each of which is an open file, and the bytes of a message for all that are wrapped
// together. Thread-safe are add() and take(), nothing else.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "app/scan/source.hpp"
#include "base/error.hpp"
#include "verdict/report.hpp"

namespace rastel::scan {

[[nodiscard]] bool is_piece(const Report& report);

class Pieces {
 public:
  void add(const Mail& mail);

  struct Taken {
    std::vector<Mail> mails;  // in the order of their names
    bool cut = false;         // there were more
  };
  [[nodiscard]] Taken take();

  static constexpr std::size_t most_pieces = 200;

 private:
  std::mutex mutex_;
  Taken taken_;
};

// One message whose parts they are, unchanged; hostile_message: it is over `most_bytes`.
[[nodiscard]] Result<MessagePointer> wrapped(const std::vector<Mail>& mails,
                                             const std::filesystem::path& spool, std::uint64_t most_bytes);

// Of the report of such a message of so many parts: which of them, from 0, make a whole. Each once, those of
// one part not at all, as its own report has it.
[[nodiscard]] std::vector<std::vector<std::size_t>> wholes_in(const Report& report, std::size_t parts);

// "a.eml + box[3]"
[[nodiscard]] std::string names_of(const std::vector<Mail>& mails);

}  // namespace rastel::scan
