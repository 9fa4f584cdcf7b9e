// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/smtp/data_decoder.hpp"

#include <algorithm>

namespace rastel::smtp {

bool DataDecoder::decode(std::string_view& bytes, std::string& out) {
  while (!bytes.empty()) {
    if (state_ == State::text) {
      // The bulk: everything up to the next CR.
      const std::size_t end = std::min(bytes.find('\r'), bytes.size());
      out.append(bytes, 0, end);
      bytes.remove_prefix(end);
      if (bytes.empty()) return false;
    }
    const char byte = bytes.front();
    bytes.remove_prefix(1);
    switch (state_) {
      case State::dot_carriage_return:
        if (byte == '\n') {
          state_ = State::line_start;
          return true;
        }
        // A line that begins with a dot and goes on: the dot was stuffing, the CR is content.
        out += '\r';
        break;
      case State::dot:
        if (byte == '\r') {
          state_ = State::dot_carriage_return;
          continue;
        }
        break;  // the leading dot is deleted (RFC 5321 4.5.2)
      case State::line_start:
        if (byte == '.') {
          state_ = State::dot;
          continue;
        }
        break;
      case State::carriage_return:
        if (byte == '\n') {
          out += byte;
          state_ = State::line_start;
          continue;
        }
        break;
      case State::text:
        break;
    }
    out += byte;
    state_ = byte == '\r' ? State::carriage_return : State::text;
    // "\r" behind a deleted dot may still begin a CRLF, and a CRLF alone a line: both are the ordinary case
    // above.
  }
  return false;
}

void DataEncoder::encode(std::string_view bytes, std::string& out) {
  while (!bytes.empty()) {
    if (state_ == State::line_start && bytes.front() == '.') out += '.';
    if (state_ == State::carriage_return && bytes.front() == '\n') {
      out += '\n';
      bytes.remove_prefix(1);
      state_ = State::line_start;
      continue;
    }
    const std::size_t found = bytes.find('\r');
    if (found == std::string_view::npos) {
      out += bytes;
      state_ = State::text;
      return;
    }
    out.append(bytes, 0, found + 1);
    bytes.remove_prefix(found + 1);
    state_ = State::carriage_return;
  }
}

bool DataEncoder::finish(std::string& out) {
  const bool added = state_ != State::line_start;
  if (added) out += "\r\n";
  out += ".\r\n";
  state_ = State::line_start;
  return added;
}

}  // namespace rastel::smtp
