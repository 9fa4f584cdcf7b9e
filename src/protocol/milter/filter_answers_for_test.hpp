// SPDX-License-Identifier: GPL-2.0-only
// Asking FilterMachine one thing at one event, for its tests.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/milter/filter_talk_for_test.hpp"

namespace rastel::milter::for_test {

inline constexpr std::string_view end = "end of message";

inline std::string in_pieces(Talk& talk, std::string_view bytes) {
  return rastel::for_test::in_all_pieces(
      bytes, [&](const rastel::for_test::Pieces& pieces) { return talk.run(pieces); });
}

// `bytes` behind the opening, where the event that begins with `to` gets `answer`; go_on() follows, which
// says nothing where an answer was sent.
inline std::string answered(std::string_view to, std::function<void(FilterMachine&)> answer,
                            std::string_view bytes, FilterOptions options = {}, Flags actions = 0x1ff) {
  Talk talk;
  talk.options = std::move(options);
  talk.answer = [&](FilterMachine& machine, std::string_view event) {
    if (event.starts_with(to)) answer(machine);
  };
  const std::string start = offer(6, actions) + connect() + packet('H', texts({"client.example"}));
  const std::string log = in_pieces(talk, start + std::string(bytes));
  const std::size_t at = log.find(to);
  return at == std::string::npos ? "not asked: " + log : log.substr(at);
}

// What is sent between the end of the message and the end.
inline std::string at_end(std::function<void(FilterMachine&)> answer, FilterOptions options = {},
                          Flags actions = 0x1ff) {
  return answered(end, std::move(answer), envelope() + content(), std::move(options), actions)
      .substr(end.size() + 1);
}

// A machine at the end of a message, everything before it sent.
inline void to_the_end(FilterMachine& machine, std::string_view bytes) {
  machine.receive(bytes);
  while (auto event = machine.next())
    if (!std::holds_alternative<event::EndOfMessage>(*event)) machine.go_on();
  ASSERT_TRUE(machine.answer_due());
  (void)machine.take_output();
}

}  // namespace rastel::milter::for_test
