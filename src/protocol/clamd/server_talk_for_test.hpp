// SPDX-License-Identifier: GPL-2.0-only
// A scripted owner of clamd's ServerMachine: answers every event by rule and writes down what happened, so
// that transcripts can be compared. Of an answer NUL is shown as "^@"; the pieces of a stream are joined.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/clamd/answer.hpp"
#include "protocol/clamd/server_machine.hpp"
#include "protocol/pieces_for_test.hpp"

namespace rastel::clamd::for_test {

enum class Owner : std::uint8_t {
  prompt,  // answers each event at once
  late     // answers, the last one first, when the machine takes no more
};

struct Talk {
  ServerOptions options{.most_stream = 1000, .may_scan_paths = true, .may_reload = true};
  Owner owner = Owner::prompt;
  std::vector<std::size_t> descriptors;  // with which octets of the session one comes, in order
  bool input_ends = false;
  bool input_rests = false;
  std::size_t refuse_stream_beyond = SIZE_MAX;  // octets

  // What came out, and "[close]" if the session was over. Events are looked at by events() behind it.
  [[nodiscard]] std::string run(const rastel::for_test::Pieces& pieces) {
    machine_ = ServerMachine(options);
    output_.clear();
    raw_.clear();
    refusals_.clear();
    scanned_none_ = false;
    answers_ = {};
    events_.clear();
    stream_.clear();
    streams_.clear();
    waiting_.clear();
    most_unanswered_ = 0;
    held_ = 0;
    at_ = 0;
    for (const std::string_view piece : pieces) receive(piece);
    if (input_rests) machine_.input_rests();
    if (input_ends) machine_.end_of_input();
    do drain();
    while (answer_one_waiting());
    return output_ + (machine_.closing() ? "[close]" : "");
  }

  [[nodiscard]] const std::string& events() const { return events_; }
  [[nodiscard]] const std::vector<std::string>& streams() const { return streams_; }  // whole ones
  [[nodiscard]] std::size_t most_unanswered() const { return most_unanswered_; }
  // Answers to tickets of this form, and the octets of all output that could end one.
  [[nodiscard]] std::size_t answers(Form form) const { return answers_.at(static_cast<std::size_t>(form)); }
  [[nodiscard]] std::size_t octets(char octet) const {
    return static_cast<std::size_t>(std::ranges::count(raw_, octet));
  }
  [[nodiscard]] const std::vector<Refusal>& refusals() const { return refusals_; }
  [[nodiscard]] bool scanned_no_descriptor() const { return scanned_none_; }  // though it said so
  [[nodiscard]] ServerMachine& machine() { return machine_; }

 private:
  // As the kernel does, which ends a read before the octet that brings a second descriptor.
  void receive(std::string_view piece) {
    std::vector<std::size_t> ends;
    for (const std::size_t byte : descriptors)
      if (byte >= at_ && byte < at_ + piece.size()) ends.push_back(byte - at_);
    const bool one = !ends.empty();
    ends.push_back(piece.size());
    const std::size_t end = one ? ends[1] : piece.size();
    held_ += one ? 1 : 0;
    at_ += end;
    machine_.receive(piece.substr(0, end), one ? Descriptors::one : Descriptors::none);
    drain();
    if (end < piece.size()) receive(piece.substr(end));
  }
  void drain() {
    do {
      while (auto event = machine_.next()) {
        std::visit([this](const auto& kind) { on(kind); }, *event);
        most_unanswered_ = std::max(most_unanswered_, machine_.unanswered());
        take_output();
      }
    } while (!machine_.closing() && machine_.unanswered() >= options.most_unanswered && answer_one_waiting());
    take_output();
  }
  bool answer_one_waiting() {
    if (waiting_.empty()) return false;
    const auto [ticket, text] = std::move(waiting_.back());
    waiting_.pop_back();
    machine_.answer(ticket, text);
    take_output();
    return true;
  }
  void take_output() {
    const std::string output = machine_.take_output();
    raw_ += output;
    for (const char octet : output) output_ += octet == '\0' ? "^@" : std::string(1, octet);
  }
  void note(std::string_view what) {
    events_ += std::string(events_.empty() ? "" : ", ") + std::string(what);
  }
  void count(const Ticket& ticket) { ++answers_.at(static_cast<std::size_t>(ticket.form)); }
  void reply(const Ticket& ticket, std::string text) {
    count(ticket);
    if (owner == Owner::prompt)
      machine_.answer(ticket, text);
    else
      waiting_.emplace_back(ticket, std::move(text));
  }

  void on(const event::Ping& ping) {
    note("ping");
    reply(ping.ticket, "PONG");
  }
  void on(const event::Version& version) {
    note("version");
    reply(version.ticket, "ClamAV 1.4.6");
  }
  void on(const event::VersionCommands& version) {
    note("versioncommands");
    count(version.ticket);
    machine_.answer_commands(version.ticket, "ClamAV 1.4.6");
  }
  void on(const event::Stats& stats) {
    note("stats");
    count(stats.ticket);
    machine_.answer_stats(stats.ticket, "POOLS: 1\n\nEND");
  }
  void on(const event::Reload& reload) {
    note("reload");
    reply(reload.ticket, "RELOADING");
  }
  void on(const event::Scan& scan) {
    constexpr std::array kinds{"scan", "contscan", "multiscan", "allmatchscan"};
    note(std::string(kinds.at(static_cast<std::size_t>(scan.kind))) + " <" + scan.path + ">");
    if (scan.path.find("tree") != std::string::npos && scan.kind == ScanKind::contscan) {
      machine_.answer_line(scan.ticket, found(scan.path + "/b_eicar", "Eicar-Test.UNOFFICIAL"));
      machine_.answer_line(scan.ticket, found(scan.path + "/c_eicar", "Eicar-Test.UNOFFICIAL"));
      machine_.finish(scan.ticket);
      count(scan.ticket);
      count(scan.ticket);
    } else if (scan.path.find("eicar") != std::string::npos) {
      reply(scan.ticket, found(scan.path, "Eicar-Test.UNOFFICIAL"));
    } else {
      const bool missing = scan.path.empty() || scan.path.find("nope") != std::string::npos;
      reply(scan.ticket, missing ? error(scan.path, reason::missing) : ok(scan.path));
    }
  }
  void on(const event::ScanDescriptor& scan) {
    note("scan descriptor");
    scanned_none_ = scanned_none_ || held_ == 0;
    held_ -= held_ > 0 ? 1 : 0;
    reply(scan.ticket, ok("fd[11]"));
  }
  void on(const event::StreamBegins&) {
    note("stream");
    stream_.clear();
  }
  void on(const event::StreamChunk& chunk) {
    stream_ += chunk.bytes;
    if (stream_.size() <= refuse_stream_beyond) return;
    const auto refused = machine_.refuse_stream(error(reason::not_stored));
    if (refused) std::visit([this](const auto& kind) { on(kind); }, *refused);
  }
  void on(const event::StreamEnds& end) {
    note("content <" + stream_ + ">");
    const bool infected = stream_.find("EICAR") != std::string::npos;
    streams_.push_back(std::exchange(stream_, {}));
    reply(end.ticket, infected ? found("stream", "Eicar-Test.UNOFFICIAL") : ok("stream"));
  }
  void on(const event::SessionBegins&) { note("session"); }
  void on(const event::SessionEnds&) { note("session ends"); }
  void on(const event::Refused& refused) {
    refusals_.push_back(refused.what);
    constexpr std::array whys{"unknown command",  "not permitted",    "not in session",
                              "plain in session", "command too long", "no descriptor",
                              "stray descriptor", "stream too long",  "stream refused"};
    note("refused: " + std::string(whys.at(static_cast<std::size_t>(refused.what))));
  }

  ServerMachine machine_{ServerOptions{}};
  std::string output_, raw_, events_, stream_;
  std::array<std::size_t, 3> answers_{};
  std::vector<Refusal> refusals_;
  bool scanned_none_ = false;
  std::vector<std::string> streams_;
  std::vector<std::pair<Ticket, std::string>> waiting_;
  std::size_t most_unanswered_ = 0;
  std::size_t at_ = 0;    // octets received
  std::size_t held_ = 0;  // descriptors
};

// A chunk of a stream, and the end of one.
inline std::string chunk(std::string_view bytes) {
  std::string text;
  for (const unsigned shift : {24U, 16U, 8U, 0U})
    text += static_cast<char>(static_cast<std::uint32_t>(bytes.size()) >> shift & 0xffU);
  return text + std::string(bytes);
}

}  // namespace rastel::clamd::for_test
