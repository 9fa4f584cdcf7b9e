// SPDX-License-Identifier: GPL-2.0-only
// The message as it stands (RFC 5322), made again of what the mail server shows of it (PROTOCOLS B-09): a
// scanner must see what a reader will see. Streams, keeps nothing but a few flags; pure; one thread.
//
// What can't be known: the mail server's own Received line, fields that Sendmail hides, and without
// LeadingSpace::kept whether one space stood behind the colon; it is put there then.
#pragma once

#include <string>
#include <string_view>

#include "protocol/milter/header_edit.hpp"

namespace rastel::milter {

class MessageRebuilder {
 public:
  explicit MessageRebuilder(LeadingSpace space) : space_(space) {}

  // Each appends its piece of the message to `out`. LF within a value becomes CR LF.
  void header(std::string_view name, std::string_view value, std::string& out) const;
  void end_of_headers(std::string& out);
  void body(std::string_view chunk, std::string& out);  // as it is, behind the empty line
  // Some mail servers say no end of the header where no body follows.
  void finish(std::string& out) { end_of_headers(out); }

 private:
  LeadingSpace space_;
  bool in_body_ = false;
};

}  // namespace rastel::milter
