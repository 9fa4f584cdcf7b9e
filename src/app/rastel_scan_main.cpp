// SPDX-License-Identifier: GPL-2.0-only
// rastel-scan: `rastel scan`, and `rastel explain` where it is called by that name (app/cli.cpp).
#include <string_view>

#include "app/scan/command.hpp"

int main(int count, char** arguments) {
  rastel::cli::Console console = rastel::cli::standard_console();
  const std::vector<std::string> words(arguments + (count > 0 ? 1 : 0), arguments + count);
  const bool explains = count > 0 && std::string_view(arguments[0]).ends_with("rastel-explain");
  return explains ? rastel::scan::run_explain(words, console) : rastel::scan::run_scan(words, console);
}
