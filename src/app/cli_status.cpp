// SPDX-License-Identifier: GPL-2.0-only
// rastel status, history, signatures, reload, drain.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/cli_daemon.hpp"
#include "app/cli_table.hpp"
#include "base/utf8.hpp"

namespace rastel::cli {
namespace {

namespace json = boost::json;

std::string spaced(std::string_view key) {
  std::string text = printable(key);
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::string plain(const json::value& value) {
  if (value.is_string()) return printable(value.get_string());
  if (value.is_bool()) return value.get_bool() ? "yes" : "no";
  return printable(json::serialize(value));
}

// Every member, nested objects indented, lists one a line.
void print_object(const Context& context, const json::object& object, std::size_t depth) {
  const std::string indent(2 * depth, ' ');
  std::size_t widest = 0;
  for (const auto& member : object)
    if (!member.value().is_object()) widest = std::max(widest, width_of(member.key()));
  for (const auto& member : object) {
    const std::string name = spaced(member.key());
    const json::value& value = member.value();
    if (value.is_object()) {
      context.say(indent + name + ":");
      if (depth < 8) print_object(context, value.get_object(), depth + 1);
      continue;
    }
    const std::string lead =
        indent + name + ": " + std::string(widest - std::min(widest, width_of(name)), ' ');
    if (!value.is_array()) {
      context.say(lead + plain(value));
      continue;
    }
    if (value.get_array().empty()) context.say(lead + "-");
    for (std::size_t i = 0; i < value.get_array().size(); ++i)
      context.say((i == 0 ? lead : std::string(lead.size(), ' ')) + plain(value.get_array()[i]));
  }
}

struct HistoryChoice {
  std::string text, since, message_class;
  bool would = false, as_json = false;
  std::size_t limit = 100;
};

Table history_table() {
  return Table({{"TIME", 20},
                {"ID", 16},
                {"CLASS", 20},
                {"ACTION", 18},
                {"FROM", 32},
                {"TO", 40},
                {"SIZE", 10, true},
                {"MS", 8, true},
                {"FINDING", 40}});
}

void add_history_row(Table& table, const json::object& row) {
  const std::string message_class = text_of(row, "class");
  std::uint64_t size = 0;
  if (const json::value* value = row.if_contains("size"); value != nullptr && value->is_number()) {
    boost::system::error_code ignored;
    size = value->to_number<std::uint64_t>(ignored);
  }
  std::string action = text_of(row, "action");
  if (text_of(row, "observed") == "true") action += " (observed)";
  table.add({{text_of(row, "time")},
             {text_of(row, "id")},
             {message_class, colour_of_class(message_class)},
             {action},
             {'<' + text_of(row, "from") + '>'},
             {text_of(row, "to")},
             {human_size(size)},
             {text_of(row, "scan_ms")},
             {text_of(row, "finding")}});
}

Exit history(const Context& context, const HistoryChoice& choice) {
  json::object request{{"verb", "history"}, {"limit", choice.limit}};
  if (!choice.text.empty()) request.emplace("text", choice.text);
  if (!choice.message_class.empty()) request.emplace("class", choice.message_class);
  if (choice.would) request.emplace("would", true);
  if (!choice.since.empty()) {
    const auto since = parse_since(choice.since, std::chrono::system_clock::now());
    if (!since) {
      context.complain("--since: " + since.error().what);
      return Exit::usage;
    }
    request.emplace("since", control::to_unix_ms(*since));
  }
  Table table = history_table();
  const Exit exit = ask(context, request, [&](const json::object& row) {
    if (choice.as_json) return context.say(json::serialize(row));
    add_history_row(table, row);
  });
  if (!choice.as_json && !table.empty()) context.console.out(table.text(context.console.colour));
  if (!choice.as_json && table.empty() && exit == Exit::ok)
    context.console.error("nothing in the history matches\n");
  return exit;
}

void add_history(CLI::App& app, Context& context) {
  auto choice = std::make_shared<HistoryChoice>();
  CLI::App* verb = app.add_subcommand("history", "What passed and what became of it, newest first");
  verb->add_option("TEXT", choice->text, "Only with this in id, sender, recipients, message-id or queue id");
  verb->add_option("--since", choice->since, "Only since: 2h, 7d, 2026-03-01, 2026-03-01T12:30 (UTC)");
  verb->add_option("--class", choice->message_class,
                   "Only this class: clean, infected, unscanned, \"unscanned(limit)\", …");
  verb->add_flag("--would", choice->would,
                 "Only what observe mode let through, with what would have been done");
  verb->add_option("--limit", choice->limit, "At most so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  verb->add_flag("--json", choice->as_json, "One JSON object a line");
  verb->callback(
      [&context, choice] { context.action = [&context, choice] { return history(context, *choice); }; });
}

// `asked`: the verb of the control protocol; empty: as it is named.
void add_sentence_verb(CLI::App& app, Context& context, const std::string& name,
                       const std::string& description, const std::string& asked = {}) {
  CLI::App* verb = app.add_subcommand(name, description);
  verb->callback([&context, request = asked.empty() ? name : asked] {
    context.action = [&context, request] {
      return ask(context, json::object{{"verb", request}},
                 [&](const json::object& row) { context.say(text_of(row, "done")); });
    };
  });
}

// What the daemon answers is one object.
void shows_object(CLI::App* verb, Context& context, const std::string& asked) {
  auto as_json = std::make_shared<bool>(false);
  verb->add_flag("--json", *as_json, "As one JSON object");
  verb->callback([&context, as_json, asked] {
    context.action = [&context, as_json, asked] {
      return ask(context, json::object{{"verb", asked}}, [&](const json::object& row) {
        if (*as_json) return context.say(json::serialize(row));
        print_object(context, row, 0);
      });
    };
  });
}

}  // namespace

void add_status_verbs(CLI::App& app, Context& context) {
  shows_object(app.add_subcommand("status", "How the daemon is: scanners, signatures, doors, quarantine"),
               context, "status");
  CLI::App* signatures = app.add_subcommand("signatures", "What is scanned with");
  signatures->require_subcommand(1);
  shows_object(
      signatures->add_subcommand("status", "Which signatures are in use, and what becomes of new ones"),
      context, "signatures status");
  add_sentence_verb(*signatures, context, "reload",
                    "Load changed signatures at once, without waiting for the folder to settle",
                    "signatures reload");
  add_history(app, context);
  add_sentence_verb(
      app, context, "reload",
      "Take a changed configuration and changed signatures into use; refused as a whole when wrong");
  add_sentence_verb(app, context, "drain", "Take no new sessions, let those that are there end");
}

}  // namespace rastel::cli
