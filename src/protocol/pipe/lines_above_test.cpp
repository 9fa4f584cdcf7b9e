// SPDX-License-Identifier: GPL-2.0-only
#include "protocol/pipe/lines_above.hpp"

#include <string>

#include <gtest/gtest.h>

namespace rastel::pipe {
namespace {

std::string above(std::string_view message) { return std::string(message.substr(0, lines_above(message))); }

TEST(LinesAbove, AreWhatServersPutThere) {
  // Postfix's local(8) with a command, and its pipe(8) with the flags DORF.
  const std::string local =
      "From a@x.example  Tue Mar  3 10:00:00 2026\nX-Original-To: bob@y\nDelivered-To: bob@y\n";
  EXPECT_EQ(above(local + "Received: from z\nSubject: x\n\nbody\n"), local);
  const std::string pipe =
      "From a@x  Tue\r\nReturn-Path: <a@x>\r\nX-Original-To: b@y\r\nDelivered-To: b@y\r\n";
  EXPECT_EQ(above(pipe + "Subject: x\r\n\r\n"), pipe);
  // Exim's pipe transport.
  const std::string exim =
      "From a@x Tue Mar 03 10:00:00 2026\nReturn-path: <a@x>\nEnvelope-to: b@y\nDelivery-date: Tue\n";
  EXPECT_EQ(above(exim + "Received: from z\n\n"), exim);
}

TEST(LinesAbove, AreNoOthers) {
  for (const char* message :
       {"", "\n", "Subject: x\nDelivered-To: a\n\n", "From: a@x\n\n", "From : a@x\n\n", "From \t: a\n\n",
        " From a\n\n", ">From a@x Tue\nSubject: x\n\n", "Delivered-To\nSubject: x\n\n",
        "Delivered-To : a\nSubject: x\n\n", "Received: from z\nFrom a@x Tue\n\n", "\nDelivered-To: a\n\n"})
    EXPECT_EQ(above(message), "") << message;
  EXPECT_EQ(above("Return-Path: <a>\nFrom a@x Tue\nSubject: x\n\n"), "Return-Path: <a>\n");
}

TEST(LinesAbove, AreNotWhatIsStrange) {
  for (const char* message :
       {"Delivered-To: a\n\tb\nSubject: x\n\n", "Delivered-To: a\n b\n\n", "Delivered-To: \x01\n\n",
        "Delivered-To: \xc3\xa4\n\n", "Delivered-To: a\r\r\n\n", "Delivered-To: a", "Delivered-To: a\n"})
    EXPECT_EQ(above(message), "") << message;
  EXPECT_EQ(above("Delivered-To: a\nDelivered-To: b\n c\n\n"), "Delivered-To: a\n");
  EXPECT_EQ(above("Delivered-To: " + std::string(985, 'x') + "\n\n"), "");
  EXPECT_EQ(above("Delivered-To: " + std::string(984, 'x') + "\n\n").size(), 999U);
}

TEST(LinesAbove, AreBounded) {
  std::string message;
  while (message.size() < 3 * longest_above) message += "Delivered-To: somebody@somewhere.example\n";
  EXPECT_LE(lines_above(message + "\n"), longest_above);
}

}  // namespace
}  // namespace rastel::pipe
