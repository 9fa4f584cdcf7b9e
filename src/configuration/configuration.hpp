// SPDX-License-Identifier: GPL-2.0-only
// The whole configuration. parse_configuration() is the only way in; an error names file, line and the
// nearest key. Nothing here throws; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/log_options.hpp"
#include "base/options.hpp"
#include "base/site_options.hpp"
#include "detect/options.hpp"
#include "doors/clamd/options.hpp"
#include "doors/http/options.hpp"
#include "doors/milter/options.hpp"
#include "doors/pipe/options.hpp"
#include "doors/smtp/options.hpp"
#include "policy/options.hpp"
#include "store/options.hpp"

namespace rastel {

struct DoorOptions {
  std::vector<SmtpDoorOptions> smtp;      // [[door.smtp]]
  std::vector<ClamdDoorOptions> clamd;    // [[door.clamd]]
  std::vector<MilterDoorOptions> milter;  // [[door.milter]]
  std::vector<PipeDoorOptions> pipe;      // [[door.pipe]]
};

struct Configuration {
  SiteOptions site;
  LogOptions log;
  SignatureOptions signatures;
  EngineOptions engine;
  PolicyOptions policy;
  DoorOptions door;
  HttpOptions http;
  StoreOptions store;
};

template <>
struct Rows<DoorOptions> {
  static constexpr std::tuple rows{
      Option{"smtp", &DoorOptions::smtp, "A door that speaks SMTP or LMTP on both sides."},
      Option{"milter", &DoorOptions::milter,
             "A door for mail servers that speak the milter protocol: Sendmail, Postfix."},
      Option{"pipe", &DoorOptions::pipe, "A door for rastel-deliver, rastel-filter, rastel-qmail-queue."},
      Option{"clamd", &DoorOptions::clamd,
             "A door that answers what asks a clamd. It gives verdicts and holds nothing."}};
};

// Doors of all kinds, those of one kind in their order: take("smtp", 0, options).
template <class Take>
void for_each_door(const DoorOptions& doors, const Take& take) {
  for_each_row<DoorOptions>([&](const auto& row) {
    const auto& all = doors.*(row.member);
    for (std::size_t i = 0; i < all.size(); ++i) take(std::string_view(row.name), i, all[i]);
  });
}

template <>
struct Rows<Configuration> {
  static constexpr std::tuple rows{
      Option{"site", &Configuration::site, "Who we are."},
      Option{"log", &Configuration::log, "One line a message, and what happens to the program."},
      Option{"signatures", &Configuration::signatures, "What is looked for."},
      Option{"engine", &Configuration::engine, "The confined scanners and their bounds."},
      Option{"policy", &Configuration::policy, "What is done with a message, by its class."},
      Option{"door", &Configuration::door, "Where mail comes in."},
      Option{"http", &Configuration::http, "Health, metrics and the page over HTTP."},
      Option{"store", &Configuration::store, "Quarantine, history, spool."}};
};

// `source`: the file's name, for messages. Refused as a whole; the error lists every problem, one a line.
[[nodiscard]] Result<Configuration> parse_configuration(std::string_view text, std::string_view source);

// What `rastel config show` prints: every option with its value, as TOML that parses to the same
// configuration.
[[nodiscard]] std::string show_configuration(const Configuration& configuration);
// Only [signatures] and [engine]: what the engine process is given, so that it sees no secret.
[[nodiscard]] std::string show_engine_configuration(const Configuration& configuration);
// Only what the page's process has to know.
[[nodiscard]] std::string show_page_configuration(const Configuration& configuration);
[[nodiscard]] std::string sample_configuration();  // every option as a comment with its sentence and default
[[nodiscard]] std::string configuration_reference();  // the manual page's source (Markdown)

}  // namespace rastel
