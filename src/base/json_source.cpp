// SPDX-License-Identifier: GPL-2.0-only
// The one translation unit that compiles Boost.JSON (used header-only, so that no further shared library is
// needed).
#include <boost/json/src.hpp>
