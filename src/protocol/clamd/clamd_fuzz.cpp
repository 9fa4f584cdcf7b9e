// SPDX-License-Identifier: GPL-2.0-only
// A whole session of a hostile client of clamd's protocol. What is made of the bytes must not depend on how
// they were cut; no stream is longer than it may be; every answer is one to the client, whatever a path
// holds; a stream in chunks that the input chooses arrives as it was.
#include <algorithm>
#include <cstdlib>

#include "protocol/clamd/server_talk_for_test.hpp"

namespace {

using namespace std::string_view_literals;
using rastel::clamd::Refusal;
using rastel::clamd::for_test::Owner;
using rastel::clamd::for_test::Talk;

constexpr std::size_t most_stream = 20;
constexpr char descriptor_mark = '\xbf';  // behind the tokens

constexpr std::array<std::string_view, 33> tokens{
    "zIDSESSION\0"sv,
    "nIDSESSION\n",
    "zINSTREAM\0"sv,
    "nINSTREAM\n",
    "\0\0\0\0"sv,
    "\0\0\0\1x"sv,
    "\0\0\0\x14"sv,
    "\0\0\0\x15"sv,
    "\xff\xff\xff\xff",
    "xxxxxxxxxxxxxxxxxxxx",
    "zFILDES\0"sv,
    "nFILDES\nx",
    "FILDES\n",
    "zPING\0"sv,
    "nPING\r\n",
    "PING\n",
    "zEND\0"sv,
    "zSTATS\0"sv,
    "zVERSION\0"sv,
    "nVERSIONCOMMANDS\n",
    "zSCAN /tree\n1: /x: OK"sv,
    "nSCAN /eicar\n",
    "CONTSCAN /tree\n",
    "zCONTSCAN /tree\n/tree: OK\0"sv,
    "MULTISCAN ",
    "nALLMATCHSCAN ",
    "SHUTDOWN",
    "RELOAD\n",
    "SCAN ",
    "\0"sv,
    "\n",
    "\r",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};

void check(bool good) {
  if (!good) std::abort();
}

// Takes the places of descriptors out of `marked`.
std::string without_marks(std::string_view marked, std::vector<std::size_t>& descriptors) {
  std::string bytes;
  for (const char octet : marked) {
    if (octet != descriptor_mark)
      bytes += octet;
    else if (descriptors.empty() || descriptors.back() != bytes.size())
      descriptors.push_back(bytes.size());
  }
  return bytes;
}

// Each answer ends once, so that no name in it writes another one.
void check_answers(const Talk& talk) {
  using rastel::clamd::Form;
  if (!talk.refusals().empty()) return;  // it was answered by the machine
  check(talk.octets('\0') == talk.answers(Form::null));
  const bool lines_alone = talk.answers(Form::null) == 0 && talk.events().find("stats") == std::string::npos;
  if (lines_alone) check(talk.octets('\n') == talk.answers(Form::newline) + talk.answers(Form::plain));
}

void run_session(std::uint8_t choice, std::string_view input) {
  Talk talk;
  const std::string marked = rastel::for_test::with_tokens(input, tokens);
  const std::string bytes = without_marks(marked, talk.descriptors);
  talk.options.most_stream = most_stream;
  talk.options.may_scan_paths = (choice & 1U) != 0;
  talk.options.may_reload = (choice & 2U) != 0;
  talk.options.longest_command = (choice & 4U) != 0 ? 64 : 4104;
  talk.options.most_unanswered = (choice & 8U) != 0 ? 3 : 1;
  talk.owner = (choice & 16U) != 0 ? Owner::late : Owner::prompt;
  talk.input_ends = (choice & 32U) != 0;
  talk.input_rests = (choice & 64U) != 0;
  if ((choice & 128U) != 0) talk.refuse_stream_beyond = 10;

  // Whose a descriptor is, only the read tells that brought it: it may be stray in one cut and not in
  // another.
  bool some_stray = false;
  const auto transcript = [&](const rastel::for_test::Pieces& pieces) {
    const std::string output = talk.run(pieces);
    for (const std::string& stream : talk.streams()) check(stream.size() <= most_stream);
    check(talk.most_unanswered() <= talk.options.most_unanswered);
    check(talk.machine().held_for_test() <= 2 * bytes.size() + 64);
    check(!talk.scanned_no_descriptor());
    check(talk.refusals().size() <= 1);
    check_answers(talk);
    for (const Refusal what : talk.refusals())
      some_stray = some_stray || what == Refusal::stray_descriptor || what == Refusal::no_descriptor;
    return output + "\n" + talk.events();
  };
  std::vector<std::string> all{transcript({bytes})};
  for (const std::uint32_t seed : {1U, 2U})
    all.push_back(transcript(rastel::for_test::random_pieces(bytes, seed + choice)));
  if (bytes.size() < 512) all.push_back(transcript(rastel::for_test::single_bytes(bytes)));
  const bool same = std::ranges::all_of(all, [&](const std::string& one) { return one == all.front(); });
  check(same || (some_stray && !talk.descriptors.empty()));
}

// The input as a stream, in chunks whose lengths are its own bytes; with a limit of one octet less it is
// refused.
void run_stream(std::uint8_t choice, std::string_view input) {
  Talk talk;
  talk.options.most_stream = input.size();
  std::string bytes("zIDSESSION\0nINSTREAM\n"sv);
  for (std::string_view rest = input; !rest.empty();) {
    const std::size_t length =
        std::min<std::size_t>(1 + static_cast<std::uint8_t>(rest.front()) % 64, rest.size());
    bytes += rastel::clamd::for_test::chunk(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  bytes += rastel::clamd::for_test::chunk("") + std::string("zPING\0zEND\0"sv);
  (void)talk.run(rastel::for_test::random_pieces(bytes, choice));
  check(talk.streams() == std::vector<std::string>{std::string(input)});
  check(talk.events().ends_with(">, ping, session ends"));
  if (input.empty()) return;
  --talk.options.most_stream;
  (void)talk.run(rastel::for_test::random_pieces(bytes, choice));
  check(talk.streams().empty());
  check(talk.refusals() == std::vector{Refusal::stream_too_long});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0 || size > 4096) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  run_session(data[0], input);
  run_stream(data[0], input);
  return 0;
}
