// SPDX-License-Identifier: GPL-2.0-only
#include "app/signatures_json.hpp"

#include <algorithm>
#include <ctime>

#include "app/control.hpp"
#include "base/utf8.hpp"

namespace rastel {
namespace {

std::string when(std::int64_t seconds) {
  return control::iso_time(std::chrono::system_clock::from_time_t(seconds));
}

}  // namespace

std::string_view state_of_signatures(const sandbox::PoolStatus& pool, const sandbox::KeeperStatus& keeper) {
  using enum sandbox::KeeperStatus::State;
  if (pool.generation == 0 || pool.loading) return "loading";
  switch (keeper.state) {
    case settling:
      return "settling";
    case waiting_for_memory:
      return "waiting for memory";
    case loading:
      return "loading";
    case in_use:
      break;
  }
  return keeper.refused_why.empty() ? "in use" : "refused";
}

boost::json::object signatures_as_json(const sandbox::PoolStatus& pool, const sandbox::KeeperStatus& keeper,
                                       const SignatureOptions& options) {
  boost::json::object object;
  object["state"] = state_of_signatures(pool, keeper);
  if (!keeper.what.empty()) object["what"] = printable(keeper.what);
  if (!keeper.what.empty()) object["since"] = when(keeper.since);
  object["version"] = printable(pool.signature_version);
  object["count"] = pool.signature_count;
  object["yara_rules"] = pool.yara_rules;
  if (pool.signature_time > 0) {
    object["built"] = when(pool.signature_time);
    object["age_seconds"] = std::max<std::int64_t>(0, std::time(nullptr) - pool.signature_time);
  }
  object["digest"] = pool.signature_digest;
  object["builtin_only"] = pool.builtin_only;
  if (pool.taken_at > 0) object["in_use_since"] = when(pool.taken_at);
  object["load_ms"] = pool.load_ms;
  object["memory"] = pool.memory;
  object["generation"] = pool.generation;
  object["on_trial"] = pool.on_trial;
  if (!keeper.refused_why.empty())
    object["refused"] = boost::json::object{{"why", printable(keeper.refused_why)},
                                            {"digest", keeper.refused_digest},
                                            {"when", when(keeper.refused_at)}};
  if (!pool.rolled_back_why.empty())
    object["rolled_back"] =
        boost::json::object{{"why", printable(pool.rolled_back_why)}, {"digest", pool.rolled_back_digest}};
  object["directory"] = printable(options.directory);
  boost::json::array rules;
  for (const std::string& path : options.yara) rules.emplace_back(printable(path));
  object["yara"] = std::move(rules);
  object["watched"] = keeper.watched ? "by the kernel's word" : "by looking";
  return object;
}

}  // namespace rastel
