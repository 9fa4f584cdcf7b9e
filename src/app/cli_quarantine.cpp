// SPDX-License-Identifier: GPL-2.0-only
// rastel quarantine list, show, raw, release, delete, purge.
#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include "app/cli_daemon.hpp"
#include "app/cli_table.hpp"
#include "base/utf8.hpp"

namespace rastel::cli {
namespace {

namespace json = boost::json;

struct ListChoice {
  std::string recipient, sender, since;
  bool all = false, as_json = false;
  std::size_t limit = 1000;
};

std::vector<std::pair<std::string, std::string>> recipients_of(const json::object& row) {
  std::vector<std::pair<std::string, std::string>> all;
  const json::value* to = row.if_contains("to");
  if (to == nullptr || !to->is_array()) return all;
  for (const json::value& recipient : to->get_array())
    if (const json::object* object = recipient.if_object())
      all.emplace_back(text_of(*object, "address"), text_of(*object, "state"));
  return all;
}

std::string findings_of(const json::object& row) {
  std::string names;
  const json::value* findings = row.if_contains("findings");
  if (findings == nullptr || !findings->is_array()) return names;
  for (const json::value& finding : findings->get_array()) {
    if (!finding.is_object()) continue;
    if (!names.empty()) names += ", ";
    names += text_of(finding.get_object(), "name");
  }
  return names;
}

std::uint64_t size_of(const json::object& row) {
  const json::value* value = row.if_contains("size");
  boost::system::error_code ignored;
  return value != nullptr && value->is_number() ? value->to_number<std::uint64_t>(ignored) : 0;
}

void add_list_row(Table& table, const json::object& row) {
  std::string to;
  for (const auto& [address, state] : recipients_of(row)) {
    if (!to.empty()) to += ", ";
    to += state == "held" ? address : address + " (" + state + ')';
  }
  const std::string message_class = text_of(row, "class");
  table.add({{text_of(row, "time")},
             {text_of(row, "id")},
             {message_class, colour_of_class(message_class)},
             {'<' + text_of(row, "from") + '>'},
             {to},
             {human_size(size_of(row))},
             {findings_of(row)},
             {text_of(row, "subject")}});
}

Exit list(const Context& context, const ListChoice& choice) {
  json::object request{{"verb", "quarantine list"}, {"limit", choice.limit}};
  if (!choice.recipient.empty()) request.emplace("recipient", choice.recipient);
  if (!choice.sender.empty()) request.emplace("sender", choice.sender);
  if (choice.all) request.emplace("all", true);
  if (!choice.since.empty()) {
    const auto since = parse_since(choice.since, std::chrono::system_clock::now());
    if (!since) {
      context.complain("--since: " + since.error().what);
      return Exit::usage;
    }
    request.emplace("since", control::to_unix_ms(*since));
  }
  Table table({{"TIME", 20},
               {"ID", 16},
               {"CLASS", 20},
               {"FROM", 32},
               {"TO", 40},
               {"SIZE", 10, true},
               {"FINDING", 32},
               {"SUBJECT", 40}});
  const Exit exit = ask(context, request, [&](const json::object& row) {
    if (choice.as_json) return context.say(json::serialize(row));
    add_list_row(table, row);
  });
  if (!choice.as_json && !table.empty()) context.console.out(table.text(context.console.colour));
  if (!choice.as_json && table.empty() && exit == Exit::ok) context.console.error("nothing is held\n");
  return exit;
}

void print_message(const Context& context, const json::object& row) {
  const auto line = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) context.say(fmt::format("{:<12}{}", std::string(name) + ':', value));
  };
  const std::string message_class = text_of(row, "class");
  line("id", text_of(row, "id"));
  line("time", text_of(row, "time"));
  line("class", coloured(message_class, colour_of_class(message_class), context.console.colour));
  line("findings", findings_of(row));
  line("from", '<' + text_of(row, "from") + '>');
  for (const auto& [address, state] : recipients_of(row)) line("to", '<' + address + ">  " + state);
  for (const std::string_view name :
       {"subject", "msgid", "size", "sha256", "door", "client", "client_name", "helo", "auth", "queue"})
    line(name, text_of(row, name));
}

// One request an id; the worst exit of them.
Exit for_each_id(const Context& context, const std::vector<std::string>& ids,
                 const std::function<json::object(const std::string&)>& request,
                 const std::function<void(const std::string& id, const json::object& row)>& on_row) {
  Exit worst = Exit::ok;
  for (const std::string& id : ids) {
    const Exit exit = ask(context, request(id), [&](const json::object& row) { on_row(id, row); });
    worst = std::max(worst, exit);
    if (exit == Exit::unavailable || exit == Exit::forbidden) break;
  }
  return worst;
}

struct ReleaseChoice {
  std::vector<std::string> ids, to;
  bool as_json = false;
};

Exit release(const Context& context, const ReleaseChoice& choice) {
  bool some_refused = false;
  const auto request = [&](const std::string& id) {
    json::object object{{"verb", "quarantine release"}, {"id", id}};
    if (!choice.to.empty()) object.emplace("to", json::value_from(choice.to));
    return object;
  };
  const Exit exit =
      for_each_id(context, choice.ids, request, [&](const std::string& id, const json::object& row) {
        const auto addresses = [&](std::string_view member) {
          const json::value* value = row.if_contains(member);
          return value != nullptr && value->is_array() ? value->get_array() : json::array();
        };
        some_refused = some_refused || !addresses("refused").empty();
        if (choice.as_json) {
          json::object with_id{{"id", id}};
          for (const auto& member : row) with_id.insert_or_assign(member.key(), member.value());
          return context.say(json::serialize(with_id));
        }
        for (const json::value& address : addresses("released"))
          if (address.is_string())
            context.say(fmt::format("{}: released to <{}>", id, printable(address.get_string())));
        for (const json::value& address : addresses("refused"))
          if (address.is_string())
            context.say(fmt::format("{}: <{}> is held still, the release hop says: {}", id,
                                    printable(address.get_string()), text_of(row, "reply")));
      });
  return exit == Exit::ok && some_refused ? Exit::refused : exit;
}

void add_list_and_show(CLI::App& quarantine, Context& context) {
  auto choice = std::make_shared<ListChoice>();
  CLI::App* verb = quarantine.add_subcommand("list", "What is held, newest first");
  verb->add_option("--recipient", choice->recipient, "Only with this in a recipient's address");
  verb->add_option("--sender", choice->sender, "Only with this in the sender's address");
  verb->add_option("--since", choice->since, "Only since: 2h, 7d, 2026-03-01, 2026-03-01T12:30 (UTC)");
  verb->add_flag("--all", choice->all, "Also what was released, deleted or discarded");
  verb->add_option("--limit", choice->limit, "At most so many")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  verb->add_flag("--json", choice->as_json, "One JSON object a line");
  verb->callback(
      [&context, choice] { context.action = [&context, choice] { return list(context, *choice); }; });

  auto id = std::make_shared<std::string>();
  auto as_json = std::make_shared<bool>(false);
  verb = quarantine.add_subcommand("show", "All that is known about one message");
  verb->add_option("ID", *id, "The message's id")->required();
  verb->add_flag("--json", *as_json, "As one JSON object");
  verb->callback([&context, id, as_json] {
    context.action = [&context, id, as_json] {
      return ask(context, json::object{{"verb", "quarantine show"}, {"id", *id}},
                 [&](const json::object& row) {
                   if (*as_json) return context.say(json::serialize(row));
                   print_message(context, row);
                 });
    };
  });
  verb = quarantine.add_subcommand("raw", "The message as it came, on standard output: it may be dangerous");
  verb->add_option("ID", *id, "The message's id")->required();
  verb->callback([&context, id] {
    context.action = [&context, id] {
      return ask(context, json::object{{"verb", "quarantine raw"}, {"id", *id}}, {},
                 [&](std::string_view bytes) { context.console.out(bytes); });
    };
  });
}

void add_changes(CLI::App& quarantine, Context& context) {
  auto choice = std::make_shared<ReleaseChoice>();
  CLI::App* verb = quarantine.add_subcommand(
      "release",
      "Send held messages on to their recipients (by [store].release); each passes once, whatever is found");
  verb->add_option("ID", choice->ids, "The messages' ids")->required();
  verb->add_option("--to", choice->to, "Only for this recipient of the message (repeat it for more)")
      ->allow_extra_args(false);
  verb->add_flag("--json", choice->as_json, "One JSON object a message");
  verb->callback(
      [&context, choice] { context.action = [&context, choice] { return release(context, *choice); }; });

  auto ids = std::make_shared<std::vector<std::string>>();
  verb = quarantine.add_subcommand("delete",
                                   "Delete the bytes of held messages; what they were stays on record");
  verb->add_option("ID", *ids, "The messages' ids")->required();
  verb->callback([&context, ids] {
    context.action = [&context, ids] {
      return for_each_id(
          context, *ids,
          [](const std::string& id) { return json::object{{"verb", "quarantine delete"}, {"id", id}}; }, {});
    };
  });
  verb = quarantine.add_subcommand("purge", "Remove now what is older than [store].keep");
  verb->callback([&context] {
    context.action = [&context] {
      return ask(context, json::object{{"verb", "quarantine purge"}},
                 [&](const json::object& row) { context.say("removed: " + text_of(row, "removed")); });
    };
  });
}

}  // namespace

void add_quarantine_verbs(CLI::App& app, Context& context) {
  CLI::App* quarantine =
      app.add_subcommand("quarantine", "What is held: list, show, raw, release, delete, purge");
  quarantine->require_subcommand(1);
  quarantine->fallthrough();
  add_list_and_show(*quarantine, context);
  add_changes(*quarantine, context);
}

}  // namespace rastel::cli
