// SPDX-License-Identifier: GPL-2.0-only
// A mail server's packets, and a scripted owner of FilterMachine that writes down what happened: a line an
// event, and a line beginning with "> " a packet that was sent, so that transcripts can be compared.
#pragma once

#include <cstdio>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "protocol/milter/filter_machine.hpp"
#include "protocol/pieces_for_test.hpp"

namespace rastel::milter::for_test {

inline std::string packet(char command, std::string_view data = {}) {
  std::string out;
  append_packet(out, command, data);
  return out;
}

// Each with its NUL.
inline std::string texts(std::initializer_list<std::string_view> texts) {
  std::string out;
  for (const std::string_view text : texts) append_text(out, text);
  return out;
}

inline std::string numbers(std::initializer_list<std::uint32_t> numbers) {
  std::string out;
  for (const std::uint32_t number : numbers) append_uint32(out, number);
  return out;
}

// As Postfix 3.7 and Sendmail 8.17 offer it.
inline std::string offer(std::uint32_t version = 6, Flags actions = 0x1ff, Flags steps = 0x1fffff) {
  return packet('O', numbers({version, actions, steps}));
}

inline std::string connect(std::string_view name = "mx.example", std::string_view address = "192.0.2.4") {
  return packet('C', texts({name}) + "4\x30\x39" + texts({address}));  // port 12345
}

inline std::string opening() { return offer() + connect() + packet('H', texts({"client.example"})); }

inline std::string envelope() {
  return packet('M', texts({"<a@b>", "SIZE=5"})) + packet('R', texts({"<c@d>"})) + packet('T');
}

inline std::string content() {
  return packet('L', texts({"Subject", " hi"})) + packet('N') + packet('B', "text\r\n") + packet('E');
}

inline std::string shown(std::string_view data) {
  std::string out;
  for (const char character : data) {
    if (character == '\0')
      out += '|';
    else if (character == '\r')
      out += "\\r";
    else if (character == '\n')
      out += "\\n";
    else
      out += character;
  }
  return out;
}

inline std::string hexadecimal_text(std::uint32_t number) {
  char text[16] = "";
  std::snprintf(text, sizeof text, "%x", number);
  return text;
}

// A packet as it is written down.
inline std::string shown(const Packet& packet) {
  std::string line = std::string("> ") + packet.command;
  FieldReader reader(packet.data);
  std::size_t counted = packet.command == 'O' ? 3 : packet.command == 'm' || packet.command == 'i' ? 1 : 0;
  std::size_t taken = 0;
  while (counted-- > 0) {
    const auto number = reader.uint32();
    line += ' ' + (number ? hexadecimal_text(*number) : std::string("?"));
    taken += 4;
  }
  while (packet.command == 'O' && !reader.at_end()) {
    const auto stage = reader.uint32();
    const auto list = reader.text();
    line += " [" + std::to_string(stage.value_or(99)) + ' ' + std::string(list.value_or("?")) + ']';
    taken = packet.data.size();
  }
  const std::string_view rest = packet.data.substr(std::min(taken, packet.data.size()));
  if (!rest.empty()) line += ' ' + shown(rest);
  return line + '\n';
}

inline std::string shown_output(std::string_view bytes) {
  PacketDecoder decoder;
  decoder.receive(bytes);
  std::string lines;
  while (true) {
    const auto packet = decoder.peek({.body = std::size_t{1} << 30U, .other = std::size_t{1} << 30U});
    if (!packet || !*packet) break;
    lines += shown(**packet);
    decoder.take();
  }
  return decoder.empty() ? lines : lines + "> no packet\n";
}

struct Talk {
  FilterOptions options;
  // Answers an event, whose line it is given; what it says is written down behind it. go_on() follows.
  std::function<void(FilterMachine&, std::string_view)> answer = [](FilterMachine&, std::string_view) {};
  bool closes = false;  // the peer, at the end

  [[nodiscard]] std::string run(const rastel::for_test::Pieces& pieces) {
    machine = FilterMachine(options);
    log.clear();
    for (const std::string_view piece : pieces) {
      machine.receive(piece);
      drain();
      if (machine.closing()) break;
    }
    if (closes) machine.end_of_input();
    drain();
    if (machine.closing()) log += "close\n";
    return log;
  }

  FilterMachine machine{FilterOptions{}};
  std::string log;

 private:
  void drain() {
    while (auto event = machine.next()) {
      note_output();
      const std::string line = std::visit([](const auto& kind) { return shown(kind); }, *event);
      log += line + '\n';
      answer(machine, line);
      machine.go_on();
      note_output();
    }
    note_output();
  }
  void note_output() { log += shown_output(machine.take_output()); }

  static std::string with_arguments(std::string line, const std::vector<std::string>& arguments) {
    for (const std::string& argument : arguments) line += " [" + for_test::shown(argument) + ']';
    return line;
  }
  static std::string shown(const event::Negotiated& kind) {
    return "negotiated " + std::to_string(kind.version) + ' ' + hexadecimal_text(kind.actions) + ' ' +
           hexadecimal_text(kind.steps) + " missing " + hexadecimal_text(kind.missing);
  }
  static std::string shown(const event::Connect& kind) {
    constexpr std::string_view families[] = {"unknown", "ipv4", "ipv6", "local"};
    return "connect '" + kind.client.name + "' " +
           std::string(families[static_cast<std::size_t>(kind.client.family)]) + " '" + kind.client.address +
           "' " + std::to_string(kind.client.port);
  }
  static std::string shown(const event::Helo& kind) { return "helo " + kind.name; }
  static std::string shown(const event::Mail& kind) {
    return with_arguments("mail " + kind.path, kind.arguments);
  }
  static std::string shown(const event::Rcpt& kind) {
    return with_arguments((kind.refused ? "refused rcpt " : "rcpt ") + kind.path, kind.arguments);
  }
  static std::string shown(const event::Data&) { return "data"; }
  static std::string shown(const event::Header& kind) {
    return "header " + for_test::shown(kind.name) + ':' + for_test::shown(kind.value);
  }
  static std::string shown(const event::EndOfHeaders&) { return "end of headers"; }
  static std::string shown(const event::Body& kind) { return "body " + for_test::shown(kind.chunk); }
  static std::string shown(const event::EndOfMessage&) { return "end of message"; }
  static std::string shown(const event::Abort&) { return "abort"; }
  static std::string shown(const event::Quit&) { return "quit"; }
  static std::string shown(const event::QuitNewConnection&) { return "quit, new connection"; }
  static std::string shown(const event::Unknown& kind) { return "unknown " + kind.command; }
  static std::string shown(const event::OverLimit& kind) {
    return kind.limit == Limit::recipients ? "too many recipients" : "too large a header";
  }
  static std::string shown(const event::Violation& kind) { return "violation: " + std::string(kind.what); }
};

}  // namespace rastel::milter::for_test
