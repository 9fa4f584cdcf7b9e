// SPDX-License-Identifier: GPL-2.0-only
// rastel-deliver: between mail server and delivery program.
#include <system_error>

#include <unistd.h>

#include "piping/child.hpp"
#include "piping/common.hpp"
#include "piping/programs.hpp"

namespace rastel::piping {
namespace {

using pipe::Doing;
using How = pipe::Result::How;

constexpr std::string_view own_name = "rastel-deliver";

struct Delivery {
  Options options;
  std::string program;  // the delivery program's path
};

std::string error_text(std::uint32_t number) {
  return std::generic_category().message(static_cast<int>(number));
}

std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// By its own name it has options; by another one it stands in that program's place, and the real one beside
// it is called NAME.real.
std::expected<Delivery, std::string> delivery_of(const Invocation& invocation) {
  const std::vector<std::string> words(invocation.words.begin() + 1, invocation.words.end());
  Delivery delivery;
  if (name_in(invocation.path) != own_name) {
    delivery.options = from_delivery_arguments(words, own_environment());
    delivery.options.command = invocation.words;
    delivery.program = invocation.path + ".real";
  } else {
    auto options = parse(words, own_environment());
    if (!options) return std::unexpected(options.error());
    delivery.options = *std::move(options);
    if (delivery.options.command.empty())
      return std::unexpected("usage: rastel-deliver [OPTION…] -- /PATH/OF/DELIVERY-PROGRAM ARGUMENT…");
    delivery.program = delivery.options.command.front();
  }
  // PATH is whose the environment is.
  if (!delivery.program.contains('/'))
    return std::unexpected("want the delivery program's path, not \"" + delivery.program + "\"");
  delivery.options.request.next = delivery.program;
  return delivery;
}

// What the delivery program ended with is what we end with: the mail server knows its codes.
int hand_over(const Delivery& delivery, const Spooled& message, const FileDescriptor& connection) {
  const pipe::Result result =
      run_child(delivery.program, delivery.options.command, {.input = message.file.get(), .envelope = -1});
  // Whoever kills us from here on has it delivered twice.
  report(connection, result);
  if (is_its_own(result)) return static_cast<int>(result.number);
  const Caller caller = delivery.options.caller;
  if (result.how == How::not_started)
    return end_with(Ending::deferred, caller,
                    delivery.program + " can't be started: " + error_text(result.number));
  if (time_is_up())
    return end_with(Ending::timed_out, caller, delivery.program + " took too long and was ended");
  if (told_to_end()) return end_with(Ending::deferred, caller, "told to end, and so was " + delivery.program);
  return end_with(Ending::deferred, caller,
                  delivery.program + " was ended by signal " + std::to_string(result.number));
}

int scan_and_hand_over(const Delivery& delivery, Spooled original, const Parent& parent) {
  const Options& options = delivery.options;
  auto answered = ask(options.socket_path, options.request, original, time_to_ask(options));
  if (parent.is_gone()) return end_with(Ending::deferred, options.caller, "whoever called is gone");
  if (!answered && options.when_away == WhenAway::defer)
    return end_with(answered.error().ending, options.caller, answered.error().what);
  if (!answered) {
    const auto message = passing_unscanned(original, {.socket_path = options.socket_path,
                                                      .request = options.request,
                                                      .program = std::string(own_name),
                                                      .why = answered.error().what});
    if (!message) return end_with(message.error().ending, options.caller, message.error().what);
    return hand_over(delivery, *message, {});
  }
  const pipe::Answer& answer = answered->answer;
  switch (answer.doing) {
    case Doing::held:
    case Doing::discarded:
      return code_of(Ending::done, options.caller);
    case Doing::refused:
      return end_with(Ending::refused, options.caller, answer.text);
    case Doing::deferred:
    case Doing::busy:
      return end_with(Ending::deferred, options.caller, answer.text);
    case Doing::pass:
    case Doing::changed:
      break;
  }
  const auto message = passing(std::move(original), *answered);
  if (!message) return end_with(message.error().ending, options.caller, message.error().what);
  return hand_over(delivery, *message, answered->connection);
}

}  // namespace

int deliver(const Invocation& invocation) {
  const Parent parent;
  guard(Caller::sysexits, std::chrono::seconds(240));
  const auto delivery = delivery_of(invocation);
  // A wrong command line is to be mended, and no reason to bounce what comes meanwhile.
  if (!delivery) return end_with(Ending::deferred, Caller::sysexits, delivery.error());
  const Options& options = delivery->options;
  guard(options.caller, options.timeout);
  auto original = spool_all(STDIN_FILENO);
  if (!original) return end_with(original.error().ending, options.caller, original.error().what);
  return scan_and_hand_over(*delivery, *std::move(original), parent);
}

}  // namespace rastel::piping
