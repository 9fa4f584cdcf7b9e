// SPDX-License-Identifier: GPL-2.0-only
#include <cstdlib>
#include <filesystem>

#include <CLI/CLI.hpp>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include "app/scan/command.hpp"
#include "app/scan/explain_text.hpp"
#include "app/scan/setup.hpp"
#include "app/scan/source.hpp"
#include "base/utf8.hpp"

namespace rastel::scan {
namespace {

namespace json = boost::json;

struct Choice {
  Place place;
  std::string path;
  bool as_json = false;
};

std::string as_json(const Mail& mail, const ScanResult& result) {
  json::object object{{"path", printable(mail.path)}, {"message", mail.number}};
  for (auto& member : to_json(result)) object.emplace(member.key(), std::move(member.value()));
  json::array& flags = object["flags"].get_array();
  for (std::size_t i = 0; i < flags.size(); ++i)
    flags[i].get_object().emplace("sentence", row_of(result.report.flags[i].flag).sentence);
  return json::serialize(object) + '\n';
}

class Explaining {
 public:
  Explaining(const Choice& choice, cli::Console& console, const Configuration& configuration,
             Scanners& scanners)
      : choice_(choice), console_(console), configuration_(configuration), scanner_(scanners.one()) {}

  Exit go() {
    Source source({spool_folder(), configuration_.engine.max_message.value},
                  {[this](const Mail& mail) {
                     explain(mail);
                     return true;
                   },
                   [this](const std::string& what) { trouble(what); }, [](std::uint64_t) {}, [] {}});
    source.read(choice_.path);
    return not_scanned_ ? Exit::not_scanned : found_ ? Exit::found : Exit::clean;
  }

 private:
  void explain(const Mail& mail) {
    const auto result = mail.message ? scanner_->scan(mail.message) : too_large(configuration_.policy);
    const std::string name =
        mail.in_mbox ? fmt::format("{}[{}]", printable(mail.path), mail.number) : printable(mail.path);
    if (!result) return trouble(name + ": " + result.error().what);
    found_ = found_ || result->message_class != MessageClass::clean;
    not_scanned_ = not_scanned_ || result->message_class == MessageClass::unscanned;
    if (choice_.as_json) return console_.out(as_json(mail, *result));
    Explained explained;
    explained.name = name;
    explained.result = *result;
    if (mail.message) {
      explained.size = mail.message->size();
      explained.sha256 = mail.message->digest().hex();
      explained.evidence = evidence_of(*mail.message, result->report.flags);
    }
    if (std::exchange(any_, true)) console_.out("\n");
    console_.out(explanation(explained, console_.colour));
  }

  void trouble(const std::string& what) {
    not_scanned_ = true;
    complain(console_, what);
  }

  const Choice& choice_;
  cli::Console& console_;
  const Configuration& configuration_;
  std::unique_ptr<Scanner> scanner_;
  bool any_ = false, found_ = false, not_scanned_ = false;
};

}  // namespace

int run_explain(const std::vector<std::string>& arguments, cli::Console& console) {
  Choice choice;
  CLI::App app{
      "One message (or each of an mbox): its parts by every reading that programs give it, what was found "
      "in\n"
      "them, and what is ambiguous about it, with the bytes that cause it. Scanned as by `rastel scan`.",
      "rastel explain"};
  add_place_options(app, choice.place);
  app.add_option("FILE", choice.path, "A file; -: standard input")->required();
  app.add_flag("--json", choice.as_json,
               "One JSON object a message, as `rastel scan` has it, with sentences");
  app.footer("Exit: 0 clean, 1 something found, 2 something could not be scanned.");
  if (const auto done = parse(app, arguments, console)) return *done;
  std::error_code code;
  if (std::filesystem::is_directory(choice.path, code)) {
    complain(console, printable(choice.path) + " is a folder: want one file (rastel scan takes folders)");
    return static_cast<int>(Exit::not_scanned);
  }
  const auto configuration = configuration_of(choice.place, console);
  if (!configuration) {
    complain(console, configuration.error().what);
    return static_cast<int>(Exit::not_scanned);
  }
  const auto scanners = scanners_for(choice.place, *configuration, 1, console);
  if (!scanners) {
    complain(console, scanners.error().what);
    return static_cast<int>(Exit::not_scanned);
  }
  const Exit exit = Explaining(choice, console, *configuration, **scanners).go();
  (*scanners)->end();
  (void)std::fflush(stdout);
  _exit(exit == Exit::clean && std::ferror(stdout) != 0 ? static_cast<int>(Exit::not_scanned)
                                                        : static_cast<int>(exit));
}

}  // namespace rastel::scan
