// SPDX-License-Identifier: GPL-2.0-only
#include "app/scan/pieces.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "base/identifier.hpp"
#include "base/message_copy.hpp"
#include "verdict/ambiguity.hpp"

namespace rastel::scan {
namespace {

// The paths behind the word: "mbox partial 1.1+2.1 decoded"; empty: there are none.
std::string_view paths_in(std::string_view reading) {
  constexpr std::string_view word = "partial ";
  const std::size_t at = reading.find(word);
  if (at == std::string_view::npos || (at > 0 && reading[at - 1] != ' ')) return {};
  reading.remove_prefix(at + word.size());
  return reading.substr(0, reading.find(' '));
}

// The parts of "1.1+2.1", each once; empty where it is anything else.
std::vector<std::size_t> parts_of(std::string_view paths, std::size_t parts) {
  std::vector<std::size_t> numbers;
  while (!paths.empty()) {
    const std::string_view path = paths.substr(0, paths.find('+'));
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(path.data(), path.data() + path.size(), number);
    if (error != std::errc() || number == 0 || number > parts) return {};
    if (std::ranges::find(numbers, number - 1) == numbers.end()) numbers.push_back(number - 1);
    paths.remove_prefix(std::min(paths.size(), path.size() + 1));
  }
  return numbers;
}

}  // namespace

bool is_piece(const Report& report) {
  return std::ranges::any_of(report.flags,
                             [](const Oddity& oddity) { return oddity.flag == Ambiguity::partial_message; });
}

void Pieces::add(const Mail& mail) {
  const std::lock_guard lock(mutex_);
  if (taken_.mails.size() == most_pieces)
    taken_.cut = true;
  else
    taken_.mails.push_back(mail);
}

Pieces::Taken Pieces::take() {
  const std::lock_guard lock(mutex_);
  std::ranges::sort(taken_.mails, {}, [](const Mail& mail) { return std::tie(mail.path, mail.number); });
  return std::move(taken_);
}

// Who wrote the pieces can't know the boundary.
Result<MessagePointer> wrapped(const std::vector<Mail>& mails, const std::filesystem::path& spool,
                               std::uint64_t most_bytes) {
  const std::string boundary = new_message_id() + new_message_id();
  MessageWriter writer(spool, most_bytes);
  RASTEL_CHECK(
      writer.write("MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=" + boundary + "\r\n"));
  for (const Mail& mail : mails) {
    RASTEL_CHECK(writer.write("\r\n--" + boundary + "\r\nContent-Type: message/rfc822\r\n\r\n"));
    RASTEL_CHECK(copy_range(*mail.message, {0, mail.message->size()}, writer));
  }
  RASTEL_CHECK(writer.write("\r\n--" + boundary + "--\r\n"));
  return writer.finish();
}

std::vector<std::vector<std::size_t>> wholes_in(const Report& report, std::size_t parts) {
  std::set<std::vector<std::size_t>> wholes;
  for (const Part& part : report.parts) {
    std::vector<std::size_t> numbers = parts_of(paths_in(part.reading), parts);
    if (numbers.size() > 1 && wholes.size() < parts) wholes.insert(std::move(numbers));
  }
  return {wholes.begin(), wholes.end()};
}

std::string names_of(const std::vector<Mail>& mails) {
  std::string names;
  for (const Mail& mail : mails) {
    if (!names.empty()) names += " + ";
    names += mail.in_mbox ? fmt::format("{}[{}]", mail.path, mail.number) : mail.path;
  }
  return names;
}

}  // namespace rastel::scan
