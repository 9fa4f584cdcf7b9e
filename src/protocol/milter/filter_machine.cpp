// SPDX-License-Identifier: GPL-2.0-only
// What comes in and in which order. The command table and the reading of single commands are in
// filter_commands.cpp, what is said back in filter_answers.cpp.
#include "protocol/milter/filter_machine.hpp"

namespace rastel::milter {

std::optional<Event> FilterMachine::next() {
  while (!closing_) {
    if (ended_ && due_ != nullptr) return gone();
    const auto peeked = decoder_.peek(limits());
    if (due_ != nullptr && (!peeked || !*peeked || waits(**peeked))) return std::nullopt;
    if (!peeked) return violation("a packet of a length that is not allowed");
    if (!*peeked) return ended_ ? std::optional(gone()) : std::nullopt;
    const Packet packet = **peeked;
    const Row* row = find_row(packet.command);
    if (row == nullptr) return violation("a command that the protocol doesn't have");
    if (auto event = handle(*row, packet)) return event;
  }
  return std::nullopt;
}

// Whether a packet has to wait for the answer that is due. The end of the connection doesn't; nor does Abort,
// if it gives up what the answer is about: said then, the answer might be taken for one to the next message.
bool FilterMachine::waits(const Packet& packet) const {
  if (packet.command == 'Q' || packet.command == 'K') return false;
  return packet.command != 'A' || due_->rank == Rank::none;
}

std::optional<Event> FilterMachine::handle(const Row& row, const Packet& packet) {
  if (const auto why = misplaced(row)) return violation(*why);
  if (row.gives_up == GivesUp::message && state_ == message) {
    // The packet stays, and comes next. Its macros came before it, so begin() sorts them out.
    end_message();
    return event::Abort{};
  }
  if (packet.command == 'E' && !packet.data.empty() && !std::exchange(tail_told_, true)) {
    state_ = message;
    rank_ = Rank::body;
    return event::Body{packet.data};  // the packet stays, and comes again as the end (B-08)
  }
  begin(row);
  decoder_.take();
  Read read = (this->*row.read)(packet.data);
  if (!read) return violation(read.error());
  const bool answered = row.answers != 0 && !(row.silent != 0 && granted(row.silent));
  if (*read && answered) due_ = &row;
  if (!*read && answered) append_packet(output_, static_cast<char>(Verdict::go_on));
  return *std::move(read);
}

// The states whose commands may come now: a step that was negotiated away is as good as done.
std::uint8_t FilterMachine::places() const {
  std::uint8_t places = state_;
  if ((places & opened) != 0 && granted(step::no_connect)) places |= session;
  if ((places & session) != 0 && granted(step::no_mail)) places |= message;
  return places;
}

std::optional<std::string_view> FilterMachine::misplaced(const Row& row) const {
  if ((row.allowed & places()) == 0) return "a command that is not due";
  if (row.command == 'U' && rank_ > Rank::data) return "an unknown command within the content";
  if (row.rank <= Rank::mail || row.rank > rank_) return std::nullopt;
  if (row.rank == rank_ && row.repeats == Repeats::yes) return std::nullopt;
  return "a command out of order";
}

void FilterMachine::begin(const Row& row) {
  if (row.stage) macros_.begin(*row.stage);
  if (row.rank == Rank::none) return;
  state_ = message;
  rank_ = row.rank;
}

void FilterMachine::end_message() {
  if (state_ == message) state_ = session;
  due_ = nullptr;
  rank_ = Rank::none;
  paths_.clear();
  counted_ = uncounted_ = false;
  headers_ = header_octets_ = 0;
  over_told_ = tail_told_ = false;
  change_ = Change::none;
  removed_ = added_ = false;
  std::string().swap(new_body_);
  chunk_sent_ = carriage_return_ = false;
}

Event FilterMachine::gone() {
  if (state_ == message) {
    end_message();
    return event::Abort{};
  }
  due_ = nullptr;
  closing_ = true;
  return event::Quit{};
}

Event FilterMachine::violation(std::string_view what) {
  due_ = nullptr;
  closing_ = true;
  return event::Violation{what};
}

void FilterMachine::release_buffers() {
  decoder_.release_buffers();
  std::string(output_).swap(output_);
}

}  // namespace rastel::milter
