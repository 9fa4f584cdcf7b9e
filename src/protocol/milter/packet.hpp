// SPDX-License-Identifier: GPL-2.0-only
// Packets of the milter protocol (PROTOCOLS B): four octets of length in network order, which count the
// command and the data, then one octet of command, then the data. Reading is bounded: a length is judged as
// soon as it is there, before anything of its packet is kept (B-36). Pure; any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace rastel::milter {

struct Packet {
  char command = 0;
  std::string_view data;  // valid until the decoder receives more
};

// Octets of data. Bodies have their own, since theirs is negotiated (B-09).
struct PacketLimits {
  std::size_t body = 0;
  std::size_t other = 0;
};

// Cuts a stream into packets. What is kept is one packet and what the last receive() brought.
class PacketDecoder {
 public:
  void receive(std::string_view bytes);
  // The next packet, which stays until take(); nullopt: it isn't whole yet. Error `peer`: its length can't be
  // right, and all that follows is lost.
  [[nodiscard]] Result<std::optional<Packet>> peek(const PacketLimits& limits) const;
  void take();  // what peek() gave
  [[nodiscard]] bool empty() const { return used_ == input_.size(); }
  void release_buffers();
  [[nodiscard]] std::size_t held() const { return input_.capacity(); }  // bytes

 private:
  [[nodiscard]] std::string_view pending() const { return std::string_view(input_).substr(used_); }

  std::string input_;
  std::size_t used_ = 0;  // of input_
};

// The fields of a packet's data, one after the other; every read says nullopt where the data ends before it.
class FieldReader {
 public:
  explicit FieldReader(std::string_view data) : rest_(data) {}
  [[nodiscard]] std::optional<char> octet();
  [[nodiscard]] std::optional<std::uint16_t> uint16();  // network order
  [[nodiscard]] std::optional<std::uint32_t> uint32();
  [[nodiscard]] std::optional<std::string_view> text();  // up to its NUL, which is taken too
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// `command` is one octet, `data` shorter than 4 GiB.
void append_packet(std::string& out, char command, std::string_view data = {});
void append_uint32(std::string& out, std::uint32_t number);
void append_text(std::string& out, std::string_view text);  // and its NUL

}  // namespace rastel::milter
