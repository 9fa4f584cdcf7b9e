// SPDX-License-Identifier: GPL-2.0-only
// Mbox: in whatever pieces a file comes, its messages are those that a plain loop over its lines finds.
#include <array>
#include <cstdlib>
#include <utility>
#include <vector>

#include "app/scan/mbox.hpp"
#include "protocol/pieces_for_test.hpp"

namespace {

using namespace rastel;

class Collected final : public scan::MessageSink {
 public:
  void begin() override { messages.emplace_back(); }
  void bytes(std::string_view piece) override { messages.back() += piece; }
  void end() override { ++ended; }
  std::vector<std::string> messages;
  std::size_t ended = 0;
};

std::vector<std::string> by_lines(std::string_view file) {
  if (!file.starts_with("From ")) return {std::string(file)};
  std::vector<std::string> messages;
  std::string empty;  // the line before, where it is empty
  while (!file.empty()) {
    const std::size_t newline = file.find('\n');
    const std::string_view line = file.substr(0, newline == std::string_view::npos ? newline : newline + 1);
    file.remove_prefix(line.size());
    const bool separates = line.starts_with("From ") && (messages.empty() || !empty.empty());
    if (separates) {
      messages.emplace_back();
      empty.clear();
      continue;
    }
    messages.back() += std::exchange(empty, {});
    if (line == "\n" || line == "\r\n")
      empty = line;
    else
      messages.back() += line;
  }
  return messages;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array<std::string_view, 4> tokens{"From ", "\n", "\r\n", "\n\nFrom "};
  const std::string file =
      for_test::with_tokens(std::string_view(reinterpret_cast<const char*>(data), size), tokens);
  const auto run = [](const for_test::Pieces& pieces) {
    Collected collected;
    scan::MboxSplitter splitter(collected);
    for (const std::string_view piece : pieces) splitter.feed(piece);
    splitter.finish();
    if (collected.ended != collected.messages.size()) std::abort();
    return collected.messages;
  };
  const auto messages = for_test::run_in_pieces(file, run, [](const auto&...) { std::abort(); });
  if (messages != by_lines(file)) std::abort();
  return 0;
}
