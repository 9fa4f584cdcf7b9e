// SPDX-License-Identifier: GPL-2.0-only
// A hostile peer of the pipe door's protocol, and a hostile message under it. What is made of a frame must
// not depend on how its bytes were cut; what was decoded is fit, encodes, and decodes to itself; of a message
// only whole lines stay above.
#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/ascii.hpp"
#include "protocol/pieces_for_test.hpp"
#include "protocol/pipe/line_ends.hpp"
#include "protocol/pipe/lines_above.hpp"
#include "protocol/pipe/messages.hpp"

namespace {

using namespace rastel::pipe;
using namespace std::string_view_literals;

constexpr std::array<std::string_view, 18> tokens{"RP\1Q\0\0\0\x20"sv,
                                                  "RP\1A\0\0"sv,
                                                  "RP\1R\0\0\0\x0f"sv,
                                                  "K\0\0\0\1d"sv,
                                                  "K\0\0\0\1p"sv,
                                                  "K\0\0\0\1e"sv,
                                                  "S\0\0\0\3"sv,
                                                  "R\0\0\0\3"sv,
                                                  "L\0\0\0\5"sv,
                                                  "B\0\0\0\4"sv,
                                                  "C\0\0\0\4"sv,
                                                  "\0\0\0"sv,
                                                  "MAILER-DAEMON"sv,
                                                  "From a@x Tue\n"sv,
                                                  "Delivered-To: b\n"sv,
                                                  "Return-Path: <a>\r\n"sv,
                                                  "\"\\\""sv,
                                                  "<>"sv};

void check(bool good) {
  if (!good) std::abort();
}

template <class Message, class Decode>
void check_decoded(std::string_view body, const Decode& decode) {
  const std::expected<Message, Fault> message = decode(body);
  if (!message) return;
  const auto again = decode(encode(*message));
  check(again && *again == *message);
}

void check_fit(std::string_view body) {
  const auto request = decode_request(body);
  if (!request) return;
  for (const std::string* text :
       {&request->sender, &request->client_helo, &request->queue_id, &request->next})
    check(text->size() <= longest_text && std::ranges::none_of(*text, rastel::is_control));
  for (const std::string& recipient : request->recipients) {
    check(!recipient.empty() && std::ranges::none_of(recipient, rastel::is_control));
    check(recipient.find('"') != std::string::npos || recipient.find_first_of(" <>") == std::string::npos);
  }
}

void check_frames(std::string_view bytes, FrameKind due) {
  const auto read = [due](const rastel::for_test::Pieces& pieces) {
    FrameReader reader(due);
    for (const std::string_view piece : pieces) {
      reader.receive(piece);
      if (const auto body = reader.next(); !body)
        return std::string(to_string(body.error()));
      else if (*body)
        return "=" + **body;
    }
    return std::string();
  };
  const std::string one = read(rastel::for_test::single_bytes(bytes));
  const std::string whole = read({bytes});
  // What stands behind a whole frame only a reader that gets both at once can see.
  const bool more_behind = whole == to_string(Fault::unexpected) && one.starts_with('=');
  check(whole == one || more_behind);
}

void check_above(std::string_view message) {
  const std::size_t above = lines_above(message);
  check(above <= message.size() && above <= longest_above);
  if (above == 0) return;
  check(message[above - 1] == '\n' && above < message.size());
  check(message[above] != ' ' && message[above] != '\t');
}

template <class Lines>
std::string converted(const rastel::for_test::Pieces& pieces) {
  Lines lines;
  std::string out;
  for (const std::string_view piece : pieces) lines.feed(piece, out);
  if constexpr (requires { lines.finish(out); }) lines.finish(out);
  return out;
}

void check_line_ends(std::string_view message) {
  const rastel::for_test::Pieces single = rastel::for_test::single_bytes(message);
  const std::string crlf = converted<ToCrlf>({message});
  check(crlf == converted<ToCrlf>(single));
  const std::string lf = converted<ToLf>({message});
  check(lf == converted<ToLf>(single));
  check(message.find("\r\n") != std::string_view::npos || converted<ToLf>({crlf}) == message);
  check(converted<ToCrlf>({crlf}) == crlf);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 2048) return 0;
  const std::string bytes =
      rastel::for_test::with_tokens({reinterpret_cast<const char*>(data) + 1, size - 1}, tokens);
  constexpr std::array kinds{FrameKind::request, FrameKind::answer, FrameKind::result};
  check_frames(bytes, kinds.at(data[0] % kinds.size()));
  check_decoded<Request>(bytes, decode_request);
  check_decoded<Answer>(bytes, decode_answer);
  check_decoded<Result>(bytes, decode_result);
  check_fit(bytes);
  check_above(bytes);
  check_line_ends(bytes);
  return 0;
}
