// SPDX-License-Identifier: GPL-2.0-only
#include "piping/options.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>

#include <pwd.h>
#include <unistd.h>

namespace rastel::piping {
namespace {

using std::chrono::milliseconds;

// The first of them that is set, in the order of who says it best.
void fill(std::string& into, const Environment& environment, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (!into.empty()) return;
    into = environment(name).value_or("");
  }
}

// qmail, Courier and Exim tell the address in one piece or in two; local programs have a user alone.
std::string recipient_of(const Environment& environment) {
  std::string recipient;
  fill(recipient, environment, {"RECIPIENT", "ORIGINAL_RECIPIENT"});
  if (!recipient.empty()) return recipient;
  std::string local, domain;
  fill(local, environment, {"LOCAL", "LOCAL_PART"});
  fill(domain, environment, {"DOMAIN", "HOST"});
  if (!local.empty() && !domain.empty()) return local + "@" + domain;
  fill(recipient, environment, {"LOGNAME", "USER"});
  if (!recipient.empty()) return recipient;
  const passwd* account = getpwuid(geteuid());
  return account == nullptr ? std::string() : account->pw_name;
}

void fill_from_environment(Options& options, const Environment& environment, bool sender_given) {
  pipe::Request& request = options.request;
  // One that is set to nothing is the null path, and stands: it isn't looked for elsewhere.
  if (!sender_given) request.sender = environment("SENDER").value_or("");
  if (request.recipients.empty())
    if (std::string recipient = recipient_of(environment); !recipient.empty())
      request.recipients.push_back(std::move(recipient));
  fill(request.client_address, environment, {"CLIENT_ADDRESS", "TCPREMOTEIP"});
  fill(request.client_name, environment, {"CLIENT_HOSTNAME", "TCPREMOTEHOST"});
  fill(request.client_helo, environment, {"CLIENT_HELO"});
  fill(request.user, environment, {"SASL_USERNAME"});
  fill(request.queue_id, environment, {"QUEUEID", "MESSAGE_ID"});
  if (request.client_name == "unknown") request.client_name.clear();
}

class Parser {
 public:
  Parser(const std::vector<std::string>& words, Options& options) : words_(words), options_(options) {}

  // Empty, or what is wrong.
  std::string parse() {
    while (at_ < words_.size()) {
      const std::string& word = words_[at_++];
      if (word == "--") {
        options_.command.assign(words_.begin() + static_cast<std::ptrdiff_t>(at_), words_.end());
        return {};
      }
      if (std::string wrong = option(word); !wrong.empty()) return wrong;
    }
    return {};
  }
  [[nodiscard]] bool sender_given() const { return sender_given_; }

 private:
  std::string option(const std::string& word) {
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    std::string value;
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (word.starts_with("--") && at_ < words_.size()) {
      value = words_[at_++];  // whatever it begins with: a sender may be called "--"
    } else {
      return "unknown option or one without its value: " + word;
    }
    return set(name, value);
  }

  std::string set(const std::string& name, const std::string& value) {
    pipe::Request& request = options_.request;
    if (name == "--sender") {
      request.sender = value;
      sender_given_ = true;
    } else if (name == "--recipient") {
      if (!value.empty()) request.recipients.push_back(value);
    } else if (std::string* text = text_of(name)) {
      *text = value;
    } else if (name == "--fail") {
      if (value != "pass" && value != "defer") return "--fail is pass or defer";
      options_.when_away = value == "pass" ? WhenAway::pass : WhenAway::defer;
    } else if (name == "--exit-codes") {
      if (value != "qmail" && value != "sysexits") return "--exit-codes is sysexits or qmail";
      options_.caller = value == "qmail" ? Caller::qmail : Caller::sysexits;
    } else if (name == "--timeout") {
      const auto time = parse_time(value);
      if (!time) return "--timeout is a time from 100ms to 1h, as 240s";
      options_.timeout = *time;
    } else {
      return "unknown option " + name;
    }
    return {};
  }

  std::string* text_of(const std::string& name) {
    pipe::Request& request = options_.request;
    const std::array<std::pair<std::string_view, std::string*>, 8> texts{
        {{"--client-address", &request.client_address},
         {"--client-name", &request.client_name},
         {"--client-helo", &request.client_helo},
         {"--user", &request.user},
         {"--queue-id", &request.queue_id},
         {"--socket", &options_.socket_path},
         {"--real", &options_.real},
         {"--listen", &options_.listen}}};
    const auto found = std::ranges::find(texts, name, [](const auto& text) { return text.first; });
    return found == texts.end() ? nullptr : found->second;
  }

  const std::vector<std::string>& words_;
  std::size_t at_ = 0;
  Options& options_;
  bool sender_given_ = false;
};

}  // namespace

Environment own_environment() {
  return [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    if (value == nullptr) return std::nullopt;
    return value;
  };
}

std::optional<milliseconds> parse_time(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(end - text.data()));
  std::uint64_t factor = 0;
  if (unit == "ms") factor = 1;
  if (unit == "s") factor = 1000;
  if (unit == "m") factor = 60'000;
  if (unit == "h") factor = 3600'000;
  const std::uint64_t all = number * factor;
  if (all < 100 || all > 3600'000) return std::nullopt;
  return milliseconds(all);
}

std::expected<Options, std::string> parse(const std::vector<std::string>& words,
                                          const Environment& environment) {
  Options options;
  Parser parser(words, options);
  if (std::string wrong = parser.parse(); !wrong.empty()) return std::unexpected(std::move(wrong));
  fill_from_environment(options, environment, parser.sender_given());
  return options;
}

Options from_delivery_arguments(const std::vector<std::string>& words, const Environment& environment) {
  Options options;
  bool sender_given = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if ((word.starts_with("-f") || word.starts_with("-r")) && !sender_given) {
      const bool apart = word.size() == 2;
      if (apart && i + 1 == words.size()) break;
      options.request.sender = apart ? words[++i] : word.substr(2);
      sender_given = true;
    } else if (word == "-d") {
      while (i + 1 < words.size() && !words[i + 1].starts_with('-'))
        options.request.recipients.push_back(words[++i]);
    }
  }
  fill_from_environment(options, environment, sender_given);
  return options;
}

}  // namespace rastel::piping
