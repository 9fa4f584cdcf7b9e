// SPDX-License-Identifier: GPL-2.0-only
#include "inspect/replies.hpp"

namespace rastel::inspect {

Reply reply_to(const Error& error) {
  switch (error.kind) {
    case ErrorKind::hostile_message:
      return {552, "5.3.4 Error: the message is too large"};
    case ErrorKind::no_space:
      return no_space();
    case ErrorKind::ours:
    case ErrorKind::invalid_input:
    case ErrorKind::not_found:
      return {451, "4.3.0 Error: trouble on our side"};
    case ErrorKind::peer:
    case ErrorKind::peer_closed:
      return {451, "4.4.1 Error: the next mail server is not available"};
    case ErrorKind::timed_out:
      return {451, "4.4.2 Error: the next mail server is too slow"};
    case ErrorKind::busy:
      return {451, "4.3.2 Error: too busy now"};
    case ErrorKind::cancelled:
      return {421, "4.3.2 Error: shutting down"};
  }
  return {451, "4.3.0 Error: trouble on our side"};
}

Reply reply_to(const Disposition& disposition, const std::string& id) {
  const std::string what = class_with_reason(disposition.deciding_class, disposition.reason);
  const std::string finding = disposition.finding.empty() ? std::string() : " (" + disposition.finding + ")";
  switch (disposition.done) {
    case Action::reject:
      return {554, "5.7.1 Message refused: " + what + finding + ", id " + id};
    case Action::defer:
      return {451, "4.7.1 Message deferred: " + what + ", id " + id};
    case Action::quarantine:
      return {250, "2.0.0 Ok: held, id " + id};
    case Action::discard:
      return {250, "2.0.0 Ok: taken, id " + id};
    case Action::strip:
    case Action::tag:
    case Action::pass:
      break;  // these are answered with the next hop's words
  }
  return trouble(id);
}

Reply too_late(const std::string& id) {
  return {451, "4.7.1 Still being scanned, try again later, id " + id};
}
Reply trouble(const std::string& id) { return {451, "4.3.0 Error: trouble on our side, id " + id}; }
Reply not_held(const Error& error, const std::string& id) {
  const Reply reply = reply_to(error);
  return reply.code == 452 ? reply : trouble(id);
}
Reply too_busy() { return {451, "4.3.2 Error: too busy now, try again later"}; }
Reply no_space() { return {452, "4.3.1 Error: no space to take the message now"}; }
Reply too_many_hops() { return {554, "5.4.6 Error: too many hops, the message loops"}; }
Reply next_hop_away() { return {451, "4.4.1 Error: the next mail server is not available"}; }
Reply nobody_knows(const std::string& id) {
  return {451, "4.4.2 Error: the next mail server did not answer, id " + id};
}
Reply shutting_down(const std::string& host) { return {421, "4.3.2 " + host + " is shutting down"}; }

}  // namespace rastel::inspect
