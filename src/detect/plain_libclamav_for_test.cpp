// SPDX-License-Identifier: GPL-2.0-only
#include "detect/plain_libclamav_for_test.hpp"

#include <clamav.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "base/message.hpp"
#include "detect/builtin_signatures.hpp"
#include "detect/scan_observer.hpp"

namespace rastel::detect {

struct PlainLibclamavForTest::State {
  cl_engine* engine = nullptr;
};

PlainLibclamavForTest::PlainLibclamavForTest(const std::filesystem::path& signature_folder,
                                             const PlainOptionsForTest& options)
    : state_(std::make_unique<State>()) {
  static const cl_error_t started = cl_init(CL_INIT_DEFAULT);
  EXPECT_EQ(started, CL_SUCCESS);
  ScanObserver::attach_messages();  // the callback is the process's, not the engine's
  state_->engine = cl_engine_new();
  unsigned int count = 0;
  std::string folder = (std::filesystem::temp_directory_path() / "rastel-plain-XXXXXX").string();
  EXPECT_NE(::mkdtemp(folder.data()), nullptr);
  EXPECT_TRUE(write_builtin_signatures(folder, true));
  EXPECT_EQ(cl_load(folder.c_str(), state_->engine, &count, CL_DB_STDOPT), CL_SUCCESS);
  std::filesystem::remove_all(folder);
  if (!signature_folder.empty()) {
    EXPECT_EQ(cl_load(signature_folder.c_str(), state_->engine, &count, CL_DB_STDOPT), CL_SUCCESS);
  }
  if (options.file_size != 0) {
    cl_engine_set_num(state_->engine, CL_ENGINE_MAX_FILESIZE, static_cast<long long>(options.file_size));
  }
  if (options.files != 0) cl_engine_set_num(state_->engine, CL_ENGINE_MAX_FILES, options.files);
  if (options.recursion != 0) cl_engine_set_num(state_->engine, CL_ENGINE_MAX_RECURSION, options.recursion);
  if (options.scan_time != 0) cl_engine_set_num(state_->engine, CL_ENGINE_MAX_SCANTIME, options.scan_time);
  if (!options.cache) cl_engine_set_num(state_->engine, CL_ENGINE_DISABLE_CACHE, 1);
  EXPECT_EQ(cl_engine_compile(state_->engine), CL_SUCCESS);
}

PlainLibclamavForTest::~PlainLibclamavForTest() { cl_engine_free(state_->engine); }

std::string PlainLibclamavForTest::scan(std::string_view bytes, const std::filesystem::path& scratch) {
  cl_engine_set_str(state_->engine, CL_ENGINE_TMPDIR, scratch.c_str());
  const auto message = message_from_bytes(bytes, std::filesystem::temp_directory_path());
  if (!message) return "error no message";
  cl_scan_options options{};
  options.general = CL_SCAN_GENERAL_HEURISTICS;
  options.parse = ~0U;
  const char* name = nullptr;
  unsigned long blocks = 0;
  const cl_error_t code =
      cl_scandesc((*message)->descriptor(), nullptr, &name, &blocks, state_->engine, &options);
  if (code == CL_CLEAN) return "clean";
  if (code == CL_VIRUS) return fmt::format("found {}", name == nullptr ? "" : name);
  return fmt::format("error {}", cl_strerror(code));
}

}  // namespace rastel::detect
