// SPDX-License-Identifier: GPL-2.0-only
// A daemon and an engine that do as they are told, in place of the real ones: the test program itself,
// started by the master under test with RASTEL_FOLDER_FOR_TEST set. They write what they see into files of
// that folder.
//
// The daemon takes its orders from the configuration's text: "engine" (start one), "kill" (start one and have
// it killed), "garbage" (break the protocol), "die" (end with status 3), "leave" (end with status 0). On
// SIGHUP it asks for the configuration again.
#pragma once

namespace rastel::sandbox {

inline constexpr char folder_for_test[] = "RASTEL_FOLDER_FOR_TEST";

}  // namespace rastel::sandbox
