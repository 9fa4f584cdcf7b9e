// SPDX-License-Identifier: GPL-2.0-only
#include "detect/yara_rules.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <string>

#include <fmt/format.h>
#include <yara.h>

namespace rastel::detect {
namespace {

struct DestroyCompiler {
  void operator()(YR_COMPILER* compiler) const { yr_compiler_destroy(compiler); }
};
struct DestroyRules {
  void operator()(YR_RULES* rules) const { yr_rules_destroy(rules); }
};
struct DestroyScanner {
  void operator()(YR_SCANNER* scanner) const { yr_scanner_destroy(scanner); }
};
struct CloseFile {
  void operator()(std::FILE* file) const { (void)std::fclose(file); }
};

// The first error of a file; warnings are the author's affair.
void note_error(int level, const char* file, int line, const YR_RULE* /*rule*/, const char* message,
                void* context) {
  auto& error = *static_cast<std::string*>(context);
  if (level != YARA_ERROR_LEVEL_ERROR || !error.empty()) return;
  error = fmt::format("{}:{}: {}", file == nullptr ? "?" : file, line, message == nullptr ? "?" : message);
}

int on_message(YR_SCAN_CONTEXT* /*scan*/, int message, void* data, void* context) {
  auto& outcome = *static_cast<YaraRules::Outcome*>(context);
  if (message == CALLBACK_MSG_RULE_MATCHING)
    outcome.names.emplace_back(static_cast<const YR_RULE*>(data)->identifier);
  if (message == CALLBACK_MSG_TOO_MANY_MATCHES) outcome.end = YaraRules::End::too_many_matches;
  return CALLBACK_CONTINUE;
}

}  // namespace

struct YaraRules::State {
  std::unique_ptr<YR_RULES, DestroyRules> rules;
  std::unique_ptr<YR_SCANNER, DestroyScanner> scanner;
  std::uint64_t count = 0;
};

YaraRules::YaraRules(std::unique_ptr<State> state) : state_(std::move(state)) {}
YaraRules::~YaraRules() = default;

std::uint64_t YaraRules::count() const { return state_->count; }

Result<std::unique_ptr<YaraRules>> YaraRules::load(const std::vector<std::filesystem::path>& files) {
  if (files.empty()) return nullptr;
  static const int initialised = yr_initialize();
  YR_COMPILER* made = nullptr;
  if (initialised != ERROR_SUCCESS || yr_compiler_create(&made) != ERROR_SUCCESS)
    return fail(ErrorKind::ours, "libyara doesn't start");
  const std::unique_ptr<YR_COMPILER, DestroyCompiler> compiler(made);
  std::string error;
  yr_compiler_set_callback(compiler.get(), note_error, &error);
  yr_compiler_set_include_callback(compiler.get(), nullptr, nullptr, nullptr);
  for (const auto& path : files) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "re"));
    if (!file) return fail_errno(errno, "can't read the YARA rules in " + path.string());
    // A compiler that has met an error must not be used any further.
    if (yr_compiler_add_file(compiler.get(), file.get(), path.c_str(), path.c_str()) != 0)
      return fail(ErrorKind::invalid_input,
                  "the YARA rules can't be used: " + (error.empty() ? path.string() : error));
  }
  auto state = std::make_unique<State>();
  YR_RULES* rules = nullptr;
  if (const int code = yr_compiler_get_rules(compiler.get(), &rules); code != ERROR_SUCCESS)
    return fail(ErrorKind::ours, fmt::format("libyara makes no rules: error {}", code));
  state->rules.reset(rules);
  state->count = rules->num_rules;
  YR_SCANNER* scanner = nullptr;
  if (const int code = yr_scanner_create(rules, &scanner); code != ERROR_SUCCESS)
    return fail(ErrorKind::ours, fmt::format("libyara makes no scanner: error {}", code));
  state->scanner.reset(scanner);
  // A worker that crashes is to crash: libyara's own catching of signals would go on in what is left of it.
  yr_scanner_set_flags(scanner, SCAN_FLAGS_REPORT_RULES_MATCHING | SCAN_FLAGS_NO_TRYCATCH);
  return std::unique_ptr<YaraRules>(new YaraRules(std::move(state)));
}

YaraRules::Outcome YaraRules::scan(std::string_view bytes, std::chrono::seconds at_most) {
  Outcome outcome;
  YR_SCANNER* scanner = state_->scanner.get();
  yr_scanner_set_callback(scanner, on_message, &outcome);
  yr_scanner_set_timeout(scanner, static_cast<int>(std::clamp<long long>(at_most.count(), 1, 1'000'000)));
  const int code =
      yr_scanner_scan_mem(scanner, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  if (code == ERROR_SCAN_TIMEOUT)
    outcome.end = End::timed_out;
  else if (code == ERROR_TOO_MANY_MATCHES)
    outcome.end = End::too_many_matches;
  else if (code != ERROR_SUCCESS)
    outcome.end = End::failed;
  return outcome;
}

}  // namespace rastel::detect
