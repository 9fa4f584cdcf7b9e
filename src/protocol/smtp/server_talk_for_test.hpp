// SPDX-License-Identifier: GPL-2.0-only
// A scripted owner of ServerMachine: answers every event by rule and writes down what happened, one line an
// event or a reply, with the pieces of a message's content joined, so that transcripts can be compared.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "protocol/pieces_for_test.hpp"
#include "protocol/smtp/server_machine.hpp"

namespace rastel::smtp::for_test {

inline Keywords all_keywords() {
  Keywords keywords;
  for (const char* keyword : {"PIPELINING", "CHUNKING", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"})
    keywords.set(keyword);
  keywords.set("SIZE", "1000000");
  return keywords;
}

struct Talk {
  ServerOptions options{.most_content = 1000000};
  Keywords keywords = all_keywords();
  Reply data{354, "go ahead"};
  Reply end{250, "2.0.0 taken"};
  std::vector<Reply> each{{250, "2.0.0 first"},
                          {451, "4.0.0 second"}};  // to several recipients, where each has its own
  std::size_t refuse_beyond = SIZE_MAX;            // octets of content, then 452
  Reply starttls{220, "2.0.0 go"};
  bool greet_first = false;
  bool inside_tls = false;  // from the beginning
  std::vector<Reply> auth;  // to the lines of AUTH, one after the other; then 535

  // The transcript of a session in which `pieces` arrive one after the other, each answered before the next
  // comes.
  [[nodiscard]] std::string run(const rastel::for_test::Pieces& pieces) {
    machine_ = ServerMachine(options);
    if (inside_tls) machine_.tls_begun();
    since_tls_ = std::string::npos;
    log_.clear();
    content_.clear();
    content_octets_ = 0;
    auth_lines_ = 0;
    if (greet_first) machine_.greet({220, "mx.example ESMTP"});
    for (const std::string_view piece : pieces) {
      machine_.receive(piece);
      while (auto event = machine_.next()) {
        note_output();
        std::visit([this](auto&& kind) { on(std::forward<decltype(kind)>(kind)); }, std::move(*event));
        note_output();
      }
      note_output();
      if (machine_.closing()) {
        note("close");
        break;
      }
    }
    flush_content();
    return log_;
  }

  [[nodiscard]] const ServerMachine& machine() const { return machine_; }
  // Of the last run(): what happened behind the handshake; nothing, if there was none.
  [[nodiscard]] std::optional<std::string> transcript_inside_tls() const {
    if (since_tls_ == std::string::npos) return std::nullopt;
    return log_.substr(since_tls_);
  }

 private:
  void note(const std::string& line) {
    flush_content();
    log_ += line + '\n';
  }
  void flush_content() {
    if (!content_.empty()) log_ += "content " + std::exchange(content_, {}) + '\n';
  }
  void note_output() {
    std::string output = machine_.take_output();
    if (output.empty()) return;
    flush_content();
    std::erase(output, '\r');
    log_ += output;
  }
  static std::string name_of(Verb verb) { return std::to_string(static_cast<int>(verb)); }

  void on(const event::Hello& hello) {
    note("hello " + hello.name);
    if (hello.name == "refused.example") return machine_.answer({550, "5.7.1 no"});
    machine_.answer_hello("mx", keywords);
  }
  void on(const event::Mail& mail) {
    note("mail <" + mail.path.address + "> [" + mail.path.parameters + "] " + std::to_string(mail.size) +
         " as " + mail.command);
    machine_.answer(mail.path.address == "refused" ? Reply(550, "5.1.8 no") : Reply(250, "2.1.0 ok"));
  }
  void on(const event::Rcpt& rcpt) {
    note("rcpt <" + rcpt.path.address + "> [" + rcpt.path.parameters + "] as " + rcpt.command);
    machine_.answer(rcpt.path.address.starts_with("refused") ? Reply(550, "5.1.1 no")
                                                             : Reply(250, "2.1.5 ok"));
  }
  void on(const event::Data& begun) {
    note(begun.chunked ? "data chunked" : "data");
    content_octets_ = 0;
    machine_.answer(data);
  }
  void on(const event::Content& content) {
    content_ += content.bytes;
    content_octets_ += content.bytes.size();
    if (content_octets_ > refuse_beyond) {
      content_.clear();  // how much came before depends on the pieces
      machine_.refuse_content({452, "4.3.1 full"});
    }
  }
  void on(const event::EndOfContent&) {
    note("end");
    if (machine_.replies_per_recipient() && machine_.recipients() > 1)
      machine_.answer_recipients(each);
    else
      machine_.answer(end);
  }
  void on(const event::Reset&) {
    note("reset");
    machine_.answer({250, "2.0.0 reset"});
  }
  void on(const event::Noop&) {
    note("noop");
    machine_.answer({250, "2.0.0 noop"});
  }
  void on(const event::Quit&) {
    note("quit");
    machine_.answer({221, "2.0.0 bye"});
  }
  void on(const event::Relay& relay) {
    note("relay " + relay.command);
    machine_.answer({252, "2.0.0 relayed"});
  }
  void on(const event::Xforward& xforward) {
    std::string line = "xforward";
    for (const Attribute& attribute : xforward.attributes)
      line += " " + attribute.name + "=" + attribute.value;
    note(line);
    machine_.answer({250, "2.0.0 ok"});
  }
  void on(const event::StartTls&) {
    note("starttls");
    machine_.answer(starttls);
    if (starttls.code != 220) return;
    note_output();
    machine_.tls_begun();
    since_tls_ = log_.size();
  }
  void on(const event::Xclient& xclient) {
    std::string line = "xclient";
    for (const Attribute& attribute : xclient.attributes)
      line += " " + attribute.name + "=" + attribute.value;
    note(line);
    machine_.answer({220, "anew"});
  }
  void on(const event::Auth& line) {
    note("auth " + line.line);
    machine_.answer(auth_lines_ < auth.size() ? auth[auth_lines_] : Reply(535, "5.7.8 no"));
    ++auth_lines_;
  }
  void on(const event::Violation&) {
    note("violation");
    machine_.answer({554, "5.5.0 violation"});
  }

  ServerMachine machine_{ServerOptions{}};
  std::string log_;
  std::string content_;
  std::size_t content_octets_ = 0;
  std::size_t since_tls_ = std::string::npos;
  std::size_t auth_lines_ = 0;
};

}  // namespace rastel::smtp::for_test
