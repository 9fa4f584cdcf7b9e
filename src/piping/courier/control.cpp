// SPDX-License-Identifier: GPL-2.0-only
#include "piping/courier/control.hpp"

#include <algorithm>

#include "base/planted_bug.hpp"

namespace rastel::piping::courier {
namespace {

// IPv4 as it is written where there is no other.
std::string_view plain_address(std::string_view address) {
  constexpr std::string_view mapped = "::ffff:";
  if (address.starts_with(mapped) && address.contains('.')) address.remove_prefix(mapped.size());
  return address;
}

void set(std::string& into, std::string_view value) {
  if (into.empty()) into = value.substr(0, pipe::longest_text);
}

// "dns; HELO (NAME [ADDRESS])", "dns; HELO ([ADDRESS])": the name is what the address was looked up as.
void take_client(std::string_view value, pipe::Request& into) {
  constexpr std::string_view begin = "dns; ";
  if (!value.starts_with(begin)) return;
  value.remove_prefix(begin.size());
  // A client has no say in what is behind the last '('.
  const std::size_t open = value.rfind('(');
  if (open == std::string_view::npos || !value.ends_with(')')) return;
  const std::string_view helo = value.substr(0, open);
  set(into.client_helo, helo.substr(0, helo.find_last_not_of(' ') + 1));
  std::string_view client = value.substr(open + 1, value.size() - open - 2);
  const std::size_t bracket = client.rfind('[');
  if (bracket == std::string_view::npos || !client.ends_with(']')) return;
  set(into.client_address, plain_address(client.substr(bracket + 1, client.size() - bracket - 2)));
  client = client.substr(0, bracket);
  set(into.client_name, client.substr(0, client.find_last_not_of(' ') + 1));
}

void take_line(std::string_view line, pipe::Request& into) {
  if (line.empty()) return;
  constexpr std::string_view address = "TCPREMOTEIP=";
  std::string_view value = line.substr(1);
  switch (line.front()) {
    case 's':
      set(into.sender, value);
      break;
    case 'r':
      if (!value.empty() && into.recipients.size() <= pipe::most_recipients)
        into.recipients.emplace_back(value.substr(0, pipe::longest_text));
      break;
    case 'f':
      take_client(value, into);
      break;
    case 'O':
      if (value.starts_with(address)) set(into.client_address, plain_address(value.substr(address.size())));
      break;
    case 'M':
      set(into.queue_id, value);
      break;
    case 'i':
      set(into.user, value);
      break;
    default:
      break;
  }
}

}  // namespace

PathsReader::State PathsReader::take(std::string_view line) {
  if (line.empty()) return paths_.controls.empty() ? State::malformed : State::done;
  if (line.contains('\0')) return State::malformed;
  std::string path = line.starts_with('/') ? std::string(line) : "/usr/" + std::string(line);
  if (paths_.message.empty())
    paths_.message = std::move(path);
  else
    paths_.controls.push_back(std::move(path));
  return State::reading;
}

PathsReader::State PathsReader::receive(std::string_view bytes) {
  for (const char octet : bytes) {
    if (state_ != State::reading) break;
    if (++received_ > most) {
      state_ = State::malformed;
    } else if (octet != '\n') {
      line_ += octet;
    } else {
      state_ = take(line_);
      line_.clear();
    }
  }
  return state_;
}

void read_control(std::string_view text, pipe::Request& into) {
  for (;;) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end >= text.size() + (RASTEL_PLANTED(courier_control) ? 1 : 0))
      return;  // a line without its end is none
    if (planted_read(text, end) == '\n') take_line(text.substr(0, end), into);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

}  // namespace rastel::piping::courier
