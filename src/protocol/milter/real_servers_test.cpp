// SPDX-License-Identifier: GPL-2.0-only
// What Postfix 3.7.11 and Sendmail 8.17.1.9 of Debian 12 sent to this machine, recorded: a message that
// passed, one that was given up by RSET, and one that was refused. Their client said the same to both.
#include <gtest/gtest.h>

#include "protocol/fragmentation_for_test.hpp"
#include "protocol/milter/filter_talk_for_test.hpp"
#include "protocol/milter/message_rebuilder.hpp"

namespace rastel::milter {
namespace {

using for_test::numbers;
using for_test::packet;
using for_test::texts;

std::string postfix() {
  return packet('O', numbers({0x6, 0x1ff, 0x1fffff})) +
         packet('D', "C" + texts({"j", "lab.test", "{daemon_name}", "lab.test", "{daemon_addr}", "127.0.0.1",
                                  "v", "Postfix 3.7.11", "_", "unknown [127.0.0.1]"})) +
         packet('C', texts({"[127.0.0.1]"}) + "4\xe5\x6c" + texts({"127.0.0.1"})) + packet('D', "H") +
         packet('H', texts({"client.example"})) +
         packet('D', "M" + texts({"{mail_addr}", "a@localhost", "{mail_host}", "lab.test", "{mail_mailer}",
                                  "local"})) +
         packet('M', texts({"<a@localhost>", "size=70"})) +
         packet('D', "R" + texts({"{rcpt_addr}", "root@localhost", "{rcpt_host}", "lab.test", "{rcpt_mailer}",
                                  "local"})) +
         packet('R', texts({"<root@localhost>"})) + packet('D', "T" + texts({"i", "9159C31"})) + packet('T') +
         packet('D', "L" + texts({"i", "9159C31"})) + packet('L', texts({"Subject", "no space"})) +
         packet('D', "L" + texts({"i", "9159C31"})) + packet('L', texts({"X-Two", "  two"})) +
         packet('D', "L" + texts({"i", "9159C31"})) + packet('L', texts({"X-Fold", " one\n\ttwo"})) +
         packet('D', "L" + texts({"i", "9159C31"})) +
         packet('L', texts({"Message-Id", " <20261129141601.9159C31@lab.test>"})) +
         packet('D', "L" + texts({"i", "9159C31"})) +
         packet('L', texts({"Date", " Sun, 29 Nov 2026 14:16:01 +0000 (UTC)"})) +
         packet('D', "L" + texts({"i", "9159C31"})) + packet('L', texts({"From", " a@localhost"})) +
         packet('D', "N" + texts({"i", "9159C31"})) + packet('N') +
         packet('D', "B" + texts({"i", "9159C31"})) + packet('B', "clean text\r\n.dot\r\n") +
         packet('D', "E" + texts({"i", "9159C31"})) + packet('E') + packet('A') +
         packet('D', "M" + texts({"{mail_addr}", "a@localhost", "{mail_host}", "lab.test", "{mail_mailer}",
                                  "local"})) +
         packet('M', texts({"<a@localhost>"})) +
         packet('D', "R" + texts({"{rcpt_addr}", "root@localhost", "{rcpt_host}", "lab.test", "{rcpt_mailer}",
                                  "local"})) +
         packet('R', texts({"<root@localhost>"})) + packet('A') +
         packet('D', "M" + texts({"{mail_addr}", "a@localhost", "{mail_host}", "lab.test", "{mail_mailer}",
                                  "local"})) +
         packet('M', texts({"<a@localhost>", "size=62"})) +
         packet('D', "R" + texts({"{rcpt_addr}", "root@localhost", "{rcpt_host}", "lab.test", "{rcpt_mailer}",
                                  "local"})) +
         packet('R', texts({"<root@localhost>"})) + packet('D', "T" + texts({"i", "9476F33"})) + packet('T') +
         packet('D', "L" + texts({"i", "9476F33"})) + packet('L', texts({"Subject", "no space"})) +
         packet('D', "L" + texts({"i", "9476F33"})) + packet('L', texts({"X-Two", "  two"})) +
         packet('D', "L" + texts({"i", "9476F33"})) + packet('L', texts({"X-Fold", " one\n\ttwo"})) +
         packet('D', "L" + texts({"i", "9476F33"})) +
         packet('L', texts({"Message-Id", " <20261129141601.9476F33@lab.test>"})) +
         packet('D', "L" + texts({"i", "9476F33"})) +
         packet('L', texts({"Date", " Sun, 29 Nov 2026 14:16:01 +0000 (UTC)"})) +
         packet('D', "L" + texts({"i", "9476F33"})) + packet('L', texts({"From", " a@localhost"})) +
         packet('D', "N" + texts({"i", "9476F33"})) + packet('N') +
         packet('D', "B" + texts({"i", "9476F33"})) + packet('B', "LABVIRUS\r\n") +
         packet('D', "E" + texts({"i", "9476F33"})) + packet('E') + packet('A') + packet('A') + packet('Q');
}

std::string sendmail() {
  return packet('O', numbers({0x6, 0x1ff, 0x1fffff})) +
         packet('D', "C" + texts({"j", "lab.test", "_", "localhost [127.0.0.1]", "{daemon_name}", "milt",
                                  "{if_name}", "localhost"})) +
         packet('C', texts({"localhost"}) + "4\xcc\xfa" + texts({"127.0.0.1"})) + packet('D', "H") +
         packet('H', texts({"client.example"})) +
         packet('D', "M" + texts({"i", "6ATEGD2f000088", "{mail_mailer}", "local", "{mail_host}", "",
                                  "{mail_addr}", "a"})) +
         packet('M', texts({"<a@localhost>", "size=70"})) +
         packet('D', "R" + texts({"{rcpt_mailer}", "local", "{rcpt_host}", "", "{rcpt_addr}", "root"})) +
         packet('R', texts({"<root@localhost>"})) + packet('T') +
         packet('L', texts({"Subject", "no space"})) + packet('L', texts({"X-Two", "  two"})) +
         packet('L', texts({"X-Fold", " one\n\ttwo"})) + packet('N') + packet('B', "clean text\r\n.dot\r\n") +
         packet('D', "E" + texts({"{msg_id}", "<202611291416.6ATEGD2f000088@lab.test>"})) + packet('E') +
         packet('D', "M" + texts({"i", "6ATEGD2g000088", "{mail_mailer}", "local", "{mail_host}", "",
                                  "{mail_addr}", "a"})) +
         packet('M', texts({"<a@localhost>"})) +
         packet('D', "R" + texts({"{rcpt_mailer}", "local", "{rcpt_host}", "", "{rcpt_addr}", "root"})) +
         packet('R', texts({"<root@localhost>"})) + packet('A') +
         packet('D', "M" + texts({"i", "6ATEGD2h000088", "{mail_mailer}", "local", "{mail_host}", "",
                                  "{mail_addr}", "a"})) +
         packet('M', texts({"<a@localhost>", "size=62"})) +
         packet('D', "R" + texts({"{rcpt_mailer}", "local", "{rcpt_host}", "", "{rcpt_addr}", "root"})) +
         packet('R', texts({"<root@localhost>"})) + packet('T') +
         packet('L', texts({"Subject", "no space"})) + packet('L', texts({"X-Two", "  two"})) +
         packet('L', texts({"X-Fold", " one\n\ttwo"})) + packet('N') + packet('B', "LABVIRUS\r\n") +
         packet('D', "E" + texts({"{msg_id}", "<202611291416.6ATEGD2h000088@lab.test>"})) + packet('E') +
         packet('Q');
}

// What a door would scan, and what happened besides, a line each.
struct Session {
  std::vector<std::string> messages;
  std::string log;
  bool operator==(const Session&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Session& session) { return out << session.log; }

struct Door {
  FilterMachine machine{FilterOptions{}};
  MessageRebuilder rebuilder{LeadingSpace::kept};
  std::string message;
  Session session;

  void on(const event::Negotiated&) { rebuilder = MessageRebuilder(machine.leading_space()); }
  void on(const event::Connect& connect) {
    session.log += "connect '" + connect.client.name + "' " + connect.client.address + '\n';
  }
  void on(const event::Helo& helo) { session.log += "helo " + helo.name + '\n'; }
  void on(const event::Mail& mail) {
    session.log += "mail " + mail.path + '\n';
    rebuilder = MessageRebuilder(machine.leading_space());
    message.clear();
  }
  void on(const event::Rcpt& rcpt) {
    session.log += (rcpt.refused ? "refused " : "rcpt ") + rcpt.path + '\n';
  }
  void on(const event::Header& header) { rebuilder.header(header.name, header.value, message); }
  void on(const event::EndOfHeaders&) { rebuilder.end_of_headers(message); }
  void on(const event::Body& body) { rebuilder.body(body.chunk, message); }
  void on(const event::EndOfMessage&) {
    rebuilder.finish(message);
    session.messages.push_back(message);
    const bool infected = message.find("LABVIRUS") != std::string::npos;
    session.log += "end " + std::string(machine.macros().find("i").value_or("no i")) + '\n';
    EXPECT_EQ(machine.answer(infected ? Verdict::reject : Verdict::accept), Said::said);
  }
  void on(const event::Abort&) { session.log += "abort\n"; }
  void on(const event::Quit&) { session.log += "quit\n"; }
  void on(const event::Violation& violation) { session.log += std::string(violation.what) + '\n'; }
  template <class Other>
  void on(const Other&) {}
};

Session heard(const std::string& bytes) {
  return rastel::for_test::in_all_pieces(bytes, [](const rastel::for_test::Pieces& pieces) {
    Door door;
    for (const std::string_view piece : pieces) {
      door.machine.receive(piece);
      while (auto event = door.machine.next()) {
        std::visit([&](const auto& kind) { door.on(kind); }, *event);
        door.machine.go_on();
      }
    }
    return door.session;
  });
}

const std::string header = "Subject:no space\r\nX-Two:  two\r\nX-Fold: one\r\n\ttwo\r\n";

TEST(MilterRealServers, B09SendmailsMessageIsWhatItsClientSent) {
  const Session session = heard(sendmail());
  ASSERT_EQ(session.messages.size(), 2U);
  EXPECT_EQ(session.messages[0], header + "\r\nclean text\r\n.dot\r\n");
  EXPECT_EQ(session.messages[1], header + "\r\nLABVIRUS\r\n");
}

// Which adds what is missing in the header before it shows it.
TEST(MilterRealServers, B09PostfixsMessageIsWhatItsClientSent) {
  const Session session = heard(postfix());
  ASSERT_EQ(session.messages.size(), 2U);
  EXPECT_EQ(session.messages[0], header +
                                     "Message-Id: <20261129141601.9159C31@lab.test>\r\n"
                                     "Date: Sun, 29 Nov 2026 14:16:01 +0000 (UTC)\r\nFrom: a@localhost\r\n"
                                     "\r\nclean text\r\n.dot\r\n");
}

TEST(MilterRealServers, B07SendmailSaysNoAbortBehindAFinalAnswer) {
  EXPECT_EQ(heard(sendmail()).log,
            "connect 'localhost' 127.0.0.1\nhelo client.example\n"
            "mail <a@localhost>\nrcpt <root@localhost>\nend 6ATEGD2f000088\n"
            "mail <a@localhost>\nrcpt <root@localhost>\nabort\n"
            "mail <a@localhost>\nrcpt <root@localhost>\nend 6ATEGD2h000088\nquit\n");
}

// And macros for headers and chunks, which libmilter leaves out.
TEST(MilterRealServers, B07PostfixSaysAbortBehindEachMessageAndTwice) {
  EXPECT_EQ(heard(postfix()).log,
            "connect '' 127.0.0.1\nhelo client.example\n"
            "mail <a@localhost>\nrcpt <root@localhost>\nend 9159C31\nabort\n"
            "mail <a@localhost>\nrcpt <root@localhost>\nabort\n"
            "mail <a@localhost>\nrcpt <root@localhost>\nend 9476F33\nabort\nabort\nquit\n");
}

}  // namespace
}  // namespace rastel::milter
