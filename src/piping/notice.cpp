// SPDX-License-Identifier: GPL-2.0-only
#include "piping/notice.hpp"

#include <array>
#include <ctime>

#include <unistd.h>

#include "protocol/pipe/line_ends.hpp"
#include "protocol/pipe/lines_above.hpp"

namespace rastel::piping {
namespace {

using pipe::Doing;

// As RFC 5322 3.3 has it, whatever the locale.
std::string date_now() {
  constexpr std::array days{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array months{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t now = std::time(nullptr);
  std::tm date{};
  gmtime_r(&now, &date);
  const auto two = [](int number) { return std::string(number < 10 ? "0" : "") + std::to_string(number); };
  return std::string(days.at(static_cast<std::size_t>(date.tm_wday))) + ", " + two(date.tm_mday) + " " +
         months.at(static_cast<std::size_t>(date.tm_mon)) + " " + std::to_string(1900 + date.tm_year) + " " +
         two(date.tm_hour) + ":" + two(date.tm_min) + ":" + two(date.tm_sec) + " +0000";
}

std::string own_host() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name.front() == '\0') return "localhost";
  return name.data();
}

}  // namespace

std::string notice(const Spooled& original, const pipe::Answer& answer) {
  std::string begin(pipe::longest_above, '\0');
  const ssize_t got = pread(original.file.get(), begin.data(), begin.size(), 0);
  begin.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  const bool kept = answer.doing != Doing::discarded;
  std::string text = "From: Mail scanner <MAILER-DAEMON@" + own_host() + ">\n" + "Subject: A message was " +
                     (kept ? "held" : "discarded") + " (" + answer.id + ")\n" + "Date: " + date_now() + "\n" +
                     "Message-ID: <" + answer.id + ".notice@" + own_host() + ">\n" +
                     "Auto-Submitted: auto-generated\n"
                     "MIME-Version: 1.0\n"
                     "Content-Type: text/plain; charset=us-ascii\n"
                     "\n"
                     "A message to you was " +
                     (kept ? "held" : "discarded") +
                     " by the mail server.\n"
                     "\n"
                     "Reason: " +
                     answer.what +
                     "\n"
                     "Id:     " +
                     answer.id + "\n";
  if (kept) text += "\nThe administrator finds it by the id, and can release it.\n";
  std::string out = begin.substr(0, pipe::lines_above(begin));
  if (!pipe::ends_lines_with_crlf(begin)) return out + text;
  pipe::ToCrlf lines;
  lines.feed(text, out);
  return out;
}

}  // namespace rastel::piping
