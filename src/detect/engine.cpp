// SPDX-License-Identifier: GPL-2.0-only
#include "detect/engine.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

#include <clamav.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <link.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file_descriptor.hpp"
#include "base/os/file.hpp"
#include "base/os/freed_memory.hpp"
#include "base/os/shared_memory.hpp"
#include "detect/builtin_signatures.hpp"
#include "detect/canaries.hpp"
#include "detect/clean_set.hpp"
#include "detect/mapping_reuse.hpp"
#include "detect/part_scan.hpp"
#include "detect/prewarm.hpp"
#include "detect/scan_observer.hpp"
#include "detect/signature_folder.hpp"
#include "detect/write_watch.hpp"
#include "message/embedded_message.hpp"

namespace rastel::detect {
namespace {

struct FreeEngine {
  void operator()(cl_engine* engine) const { cl_engine_free(engine); }
};
using EnginePointer = std::unique_ptr<cl_engine, FreeEngine>;

// Put before a message whose first header libclamav's mail type detection doesn't know.
constexpr std::string_view synthetic_header = "Received: from unknown by rastel\r\n";
// A layer of max_message and a little more (the header above) may have been cut: where its unpackers stop
// depends on their buffers, up to 1 MiB below CL_ENGINE_MAX_FILESIZE.
constexpr std::uint64_t little_more = 4096;
constexpr std::uint64_t slack = 2ULL << 20;
constexpr std::uint64_t library_maximum = (2ULL << 30) - 65536;  // libclamav can't look at files of 2 GiB
constexpr std::uint32_t library_recursion = 100;                 // CLI_MAX_MAXRECLEVEL

// The databases of a temporary folder that goes away with this object.
class TemporaryFolder {
 public:
  static Result<std::unique_ptr<TemporaryFolder>> create() {
    std::error_code error;
    std::string path = (std::filesystem::temp_directory_path(error) / "rastel-XXXXXX").string();
    if (error) return fail(ErrorKind::ours, "no folder for temporary files: " + error.message());
    if (::mkdtemp(path.data()) == nullptr) return fail_errno(errno, "can't make a temporary folder " + path);
    return std::unique_ptr<TemporaryFolder>(new TemporaryFolder(path));
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFolder(std::string path) : path_(std::move(path)) {}
  std::filesystem::path path_;
};

Result<> initialise_library() {
  static const cl_error_t code = [] {
    ScanObserver::attach_messages();
    return cl_init(CL_INIT_DEFAULT);
  }();
  if (!write_watch_works()) {
    return fail(ErrorKind::ours, "this program was linked wrongly: libclamav's writes aren't watched");
  }
  if (code != CL_SUCCESS)
    return fail(ErrorKind::ours, fmt::format("libclamav doesn't start: {}", cl_strerror(code)));
  return {};
}

// libclamav opens its RAR unpacker (not in Debian's main) by dlopen in cl_init.
bool has_rar_unpacker() {
  bool found = false;
  ::dl_iterate_phdr(
      [](dl_phdr_info* module, std::size_t, void* result) {
        if (module->dlpi_name != nullptr && std::strstr(module->dlpi_name, "libclamunrar_iface") != nullptr) {
          *static_cast<bool*>(result) = true;
        }
        return 0;
      },
      &found);
  return found;
}

unsigned int load_flags(const EngineOptions& options) {
  unsigned int flags = CL_DB_STDOPT;
  if (options.heuristics.phishing == HeuristicUse::off)
    flags &= ~static_cast<unsigned int>(CL_DB_PHISHING_URLS);
  return flags;
}

// Which of the databases is wrong, by loading each alone. Slow, but only after a failure.
std::string name_of_wrong_database(const SignatureFolder& folder, unsigned int flags) {
  for (const auto& path : folder.files.databases) {
    const EnginePointer engine(cl_engine_new());
    unsigned int count = 0;
    if (!engine) break;
    if (const cl_error_t code = cl_load(path.c_str(), engine.get(), &count, flags); code != CL_SUCCESS) {
      return fmt::format("{}: {}", path.string(), cl_strerror(code));
    }
  }
  return {};
}

Result<std::uint64_t> load_folder(cl_engine* engine, const SignatureOptions& options,
                                  const SignatureFolder& folder, unsigned int flags) {
  if (folder.files.databases.empty()) {
    if (options.builtin) return 0;
    return fail(ErrorKind::invalid_input,
                fmt::format("no ClamAV database in {}: run freshclam, or set [signatures] directory",
                            options.directory));
  }
  unsigned int count = 0;
  const cl_error_t code = cl_load(options.directory.c_str(), engine, &count, flags);
  if (code == CL_SUCCESS) return count;
  std::string message = ScanObserver::take_last_message();
  std::string which = name_of_wrong_database(folder, flags);
  if (which.empty()) which = fmt::format("{}: {}", options.directory, cl_strerror(code));
  std::erase(message, '\n');
  return fail(ErrorKind::invalid_input,
              fmt::format("the signatures can't be loaded: {} ({})", which, message));
}

Result<std::uint64_t> load_builtin(cl_engine* engine, bool with_eicar) {
  RASTEL_TRY(const auto folder, TemporaryFolder::create());
  RASTEL_CHECK(write_builtin_signatures(folder->path(), with_eicar));
  unsigned int count = 0;
  const cl_error_t code = cl_load(folder->path().c_str(), engine, &count, CL_DB_STDOPT);
  if (code != CL_SUCCESS) {
    return fail(ErrorKind::ours,
                fmt::format("the built-in signatures can't be loaded: {}", cl_strerror(code)));
  }
  return count;
}

std::uint64_t largest_message(const EngineOptions& options) {
  return std::min(options.max_message.value, library_maximum - slack);
}

Result<> set(cl_engine* engine, cl_engine_field field, long long value) {
  const cl_error_t code = cl_engine_set_num(engine, field, value);
  if (code == CL_SUCCESS) return {};
  return fail(ErrorKind::ours,
              fmt::format("libclamav refuses setting {}: {}", static_cast<int>(field), cl_strerror(code)));
}

Result<> set_limits(cl_engine* engine, const EngineOptions& options) {
  const auto file_size = static_cast<long long>(largest_message(options) + slack);
  // The deadline is the caller's (SIGKILL). A little before it libclamav ends by itself, as far as it looks
  // at its clock, so that what was found until then isn't lost.
  const auto scan_time =
      std::clamp<long long>(options.deadline.count() * 9 / 10, 1, std::numeric_limits<std::int32_t>::max());
  const std::pair<cl_engine_field, long long> fields[] = {
      {CL_ENGINE_MAX_FILESIZE, file_size},
      {CL_ENGINE_MAX_SCANSIZE, 4 * file_size},  // the message, its decoded parts, what is packed in them
      {CL_ENGINE_PCRE_MAX_FILESIZE, file_size},
      {CL_ENGINE_MAX_FILES, std::max<std::uint32_t>(1, options.max_parts)},
      {CL_ENGINE_MAX_RECURSION, std::clamp<std::uint32_t>(options.max_depth, 1, library_recursion)},
      {CL_ENGINE_MAX_SCANTIME, scan_time},
      {CL_ENGINE_DISABLE_CACHE, 1},  // its clean cache is keyed by MD5: a colliding pair gets through
      {CL_ENGINE_BYTECODE_MODE, CL_BYTECODE_MODE_INTERPRETER},  // a worker has no executable mappings
      {CL_ENGINE_DISABLE_PE_STATS, 1},
  };
  for (const auto& [field, value] : fields) RASTEL_CHECK(set(engine, field, value));
  return {};
}

// libclamav has two matchers, and each passes over all bytes. To put all patterns into one saves up to a
// fifth of a scan, as long as its trie fits the processor's caches; with a large set it costs a fifth
// (docs/engine.md has the figures). Of real databases only the number of all signatures, hashes included, is
// known before they are loaded. Tells whether it is one.
Result<bool> choose_matchers(cl_engine* engine, const SignatureFolder& folder) {
  constexpr std::uint64_t most_for_one_matcher = 1'000'000;
  std::uint64_t signatures = 0;
  for (const auto& path : folder.files.databases) {
    unsigned int count = 0;
    // What can't be counted can't be loaded, and is named then.
    if (cl_countsigs(path.c_str(), CL_COUNTSIGS_ALL, &count) == CL_SUCCESS) signatures += count;
  }
  const bool one = signatures <= most_for_one_matcher;
  RASTEL_CHECK(set(engine, CL_ENGINE_AC_ONLY, one ? 1 : 0));
  return one;
}

cl_scan_options scan_options(const HeuristicOptions& heuristics) {
  cl_scan_options options{};
  // ALLMATCHES: an encrypted member or a limit must not end the search for a signature. No
  // MAIL_PARTIAL_MESSAGE: it would join what different messages brought.
  options.general = CL_SCAN_GENERAL_ALLMATCHES | CL_SCAN_GENERAL_HEURISTICS;
  options.parse = ~0U;
  options.heuristic =
      CL_SCAN_HEURISTIC_EXCEEDS_MAX | CL_SCAN_HEURISTIC_ENCRYPTED_ARCHIVE | CL_SCAN_HEURISTIC_ENCRYPTED_DOC;
  if (heuristics.macros != HeuristicUse::off) options.heuristic |= CL_SCAN_HEURISTIC_MACROS;
  if (heuristics.broken != HeuristicUse::off) {
    options.heuristic |= CL_SCAN_HEURISTIC_BROKEN | CL_SCAN_HEURISTIC_BROKEN_MEDIA;
  }
  if (heuristics.phishing != HeuristicUse::off) {
    options.heuristic |= CL_SCAN_HEURISTIC_PHISHING_SSL_MISMATCH | CL_SCAN_HEURISTIC_PHISHING_CLOAK;
  }
  return options;
}

// A message of that many bytes is read sooner than mapped; they fit the stack.
constexpr std::size_t read_at_once = 64 << 10;

// What a message of that many bytes took isn't kept for the next one, so all its memory is fresh: to copy its
// parts there (digest_memory.hpp) would take as long as to hash them.
constexpr std::uint64_t large = 4 << 20;

void give_memory_back() {
  ReusedMappings::let_go();
  os::return_freed_memory();
}

// The message behind the synthetic header, as libclamav reads it: without a copy.
off_t read_with_header(void* handle, void* buffer, std::size_t count, off_t offset) {
  const int descriptor = *static_cast<const int*>(handle);
  auto* out = static_cast<char*>(buffer);
  const auto header = static_cast<off_t>(synthetic_header.size());
  if (offset >= header) return ::pread(descriptor, out, count, offset - header);
  const auto from_header = std::min<std::size_t>(count, static_cast<std::size_t>(header - offset));
  std::memcpy(out, synthetic_header.data() + offset, from_header);
  if (from_header == count) return static_cast<off_t>(count);
  const ssize_t rest = ::pread(descriptor, out + from_header, count - from_header, 0);
  return rest < 0 ? -1 : static_cast<off_t>(from_header) + rest;
}

Result<> empty_folder(const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::directory_iterator entry(folder, error);
  for (; !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::filesystem::remove_all(entry->path(), error);
    if (error) break;
  }
  if (error)
    return fail(ErrorKind::ours, fmt::format("the scratch folder can't be emptied: {}", error.message()));
  return {};
}

// A file of the scratch folder, not a Message: a confined worker has no /proc and no memory files.
Result<FileDescriptor> write_canary(const std::filesystem::path& scratch, std::string_view mail) {
  const std::filesystem::path path = scratch / "canary";
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, "can't write to the scratch folder " + scratch.string());
  RASTEL_CHECK(os::write_all(file.get(), mail));
  return file;
}

}  // namespace

struct Engine::State {
  EnginePointer engine;
  std::unique_ptr<YaraRules> rules;  // nullptr: none
  EngineInfo info;
  EngineOptions options;
  ObserverLimits limits;
  std::string payload;       // of the canaries
  std::string payload_name;  // by which they are found
  std::string scratch;       // what CL_ENGINE_TMPDIR is set to
  const KnownLayers* known = nullptr;
};

Engine::Engine(std::unique_ptr<State> state) : state_(std::move(state)) {}
Engine::~Engine() = default;

const EngineInfo& Engine::info() const { return state_->info; }

Result<std::unique_ptr<Engine>> Engine::load(const SignatureOptions& signatures,
                                             const EngineOptions& options) {
  RASTEL_CHECK(initialise_library());
  auto state = std::make_unique<State>();
  state->options = options;
  state->engine.reset(cl_engine_new());
  if (!state->engine) return fail(ErrorKind::ours, "libclamav makes no engine: out of memory");
  RASTEL_CHECK(set_limits(state->engine.get(), options));

  RASTEL_TRY(const SignatureFolder folder, look_at_signatures(signatures));
  RASTEL_TRY(const bool one_matcher, choose_matchers(state->engine.get(), folder));
  RASTEL_TRY(const std::uint64_t loaded,
             load_folder(state->engine.get(), signatures, folder, load_flags(options)));
  RASTEL_TRY(const std::uint64_t builtin, load_builtin(state->engine.get(), signatures.builtin));
  if (const cl_error_t code = cl_engine_compile(state->engine.get()); code != CL_SUCCESS) {
    return fail(ErrorKind::invalid_input,
                fmt::format("the signatures can't be compiled: {}", cl_strerror(code)));
  }
  ScanObserver::attach(state->engine.get());
  RASTEL_TRY(state->rules, YaraRules::load(folder.files.rules));

  state->limits = {.layer_size = largest_message(options) + little_more,
                   .findings = maximum_findings,
                   .rar_supported = has_rar_unpacker()};
  state->payload = signatures.builtin ? eicar() : test_marker();
  state->payload_name = signatures.builtin ? eicar_name : marker_name;
  state->info = {.engine_version = fmt::format("ClamAV {}", cl_retver()),
                 .signature_version = folder.files.empty() ? "builtin" : folder.version,
                 .signature_digest = folder.digest,
                 .signature_count = loaded + builtin,
                 .yara_rules = state->rules ? state->rules->count() : 0,
                 .signature_time = folder.newest,
                 .builtin_only = loaded == 0,
                 .one_matcher = one_matcher};
  return std::unique_ptr<Engine>(new Engine(std::move(state)));
}

void Engine::prewarm() {
  prewarm_process();
  const auto folder = TemporaryFolder::create();
  if (!folder) return;  // prove() says it
  const std::filesystem::path& scratch = (*folder)->path();
  // The first scans open what the library itself is lazy about (digests, random source, regular expressions).
  for (const std::string& mail : {plain_mail(), mail_with_payload(state_->payload),
                                  mail_with_zipped_payload(state_->payload), html_mail_for_prewarming()}) {
    if (const auto file = write_canary(scratch, mail)) (void)scan(file->get(), mail.size(), scratch);
  }
}

void Engine::use_known_layers(const KnownLayers* known) { state_->known = known; }

Result<> Engine::prove() {
  RASTEL_TRY(const auto folder, TemporaryFolder::create());
  RASTEL_CHECK(prove(folder->path()));
  for (const CleanMail& clean : clean_set()) {
    RASTEL_TRY(const auto file, write_canary(folder->path(), clean.mail));
    const Report report = scan(file.get(), clean.mail.size(), folder->path());
    const auto found = std::ranges::find(report.findings, FindingKind::signature, &Finding::kind);
    if (found != report.findings.end())
      return fail(ErrorKind::invalid_input,
                  fmt::format("the signatures condemn a harmless mail ({}): {}", clean.kind, found->name));
    if (!report.complete())
      return fail(ErrorKind::ours,
                  fmt::format("the engine can't scan a harmless mail ({}): {}", clean.kind,
                              report.findings.empty() ? "no reason given" : report.findings.front().name));
  }
  return {};
}

Result<> Engine::prove(const std::filesystem::path& scratch) {
  const auto scan_text = [&](const std::string& mail) -> Result<Report> {
    RASTEL_TRY(const auto file, write_canary(scratch, mail));
    return scan(file.get(), mail.size(), scratch);
  };
  for (const std::string& mail :
       {mail_with_payload(state_->payload), mail_with_zipped_payload(state_->payload)}) {
    RASTEL_TRY(const Report report, scan_text(mail));
    const bool found = std::ranges::any_of(report.findings, [&](const Finding& finding) {
      return finding.kind == FindingKind::signature && finding.name == state_->payload_name;
    });
    if (!found)
      return fail(ErrorKind::ours,
                  fmt::format("the engine doesn't find {}{}", state_->payload_name,
                              report.findings.empty() ? "" : ", but " + report.findings.front().name));
  }
  RASTEL_TRY(const Report report, scan_text(plain_mail()));
  if (report.complete() && report.findings.empty()) return {};
  return fail(ErrorKind::ours,
              fmt::format("the engine has an objection to a harmless mail: {}",
                          report.findings.empty() ? "unscanned" : report.findings.front().name));
}

// `map`: closed here; null: no memory for it.
void Engine::scan_map(ScanObserver& observer, cl_fmap_t* map, cl_scan_options& options) {
  if (map == nullptr) return observer.add_unscanned(UnscannedReason::memory, "Engine.NoMap");
  const char* name = nullptr;
  unsigned long blocks = 0;
  observer.end_pass(
      cl_scanmap_callback(map, nullptr, &name, &blocks, state_->engine.get(), &options, &observer));
  cl_fmap_close(map);
}

// The second reading, of a message whose first header libclamav doesn't recognise. Not the only one:
// signatures at offset 0 and hashes of whole mails need the message as it is.
void Engine::scan_behind_header(ScanObserver& observer, int descriptor, std::uint64_t size,
                                cl_scan_options& options) {
  observer.begin_pass();
  scan_map(observer, cl_fmap_open_handle(&descriptor, 0, size + synthetic_header.size(), read_with_header, 1),
           options);
}

void Engine::scan_parts_of(ScanObserver& observer, int descriptor, std::uint64_t size,
                           cl_scan_options& options) {
  if (size == 0) return;
  const auto scan_alone = [&](std::string_view part) {
    observer.begin_pass(LayerMemory::Outermost::part);
    scan_map(observer, cl_fmap_open_memory(part.data(), part.size()), options);
  };
  const auto scan_them = [&](std::string_view message) {
    scan_parts(message, state_->options, observer, observer.until(), scan_alone);
  };
  if (size <= read_at_once) {
    std::array<char, read_at_once> message;
    if (::pread(descriptor, message.data(), size, 0) == static_cast<ssize_t>(size))
      return scan_them({message.data(), size});
  }
  const auto mapping = os::map_read_only(descriptor, size);
  if (!mapping) return observer.add_unscanned(UnscannedReason::truncated, "Engine.NoMap");
  const auto bytes = mapping->bytes();
  scan_them({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

namespace {

bool looks_like_message(int descriptor) {
  std::array<char, 16 * 1024> beginning;  // more than the lines that are looked at, unless they are no mail's
  const ssize_t length = ::pread(descriptor, beginning.data(), beginning.size(), 0);
  return length > 0 && message::looks_like_message({beginning.data(), static_cast<std::size_t>(length)});
}

}  // namespace

Report Engine::scan(int descriptor, std::uint64_t size, const std::filesystem::path& scratch, Looks looks) {
  ScanObserver observer(state_->options.heuristics, state_->limits, state_->known,
                        Deadline::in(state_->options.deadline * 9 / 10));
  observer.set_rules(state_->rules.get());
  observer.report().engine_version = state_->info.engine_version;
  observer.report().signature_version = state_->info.signature_version;
  if (size + synthetic_header.size() >= state_->limits.layer_size) {
    observer.add_unscanned(UnscannedReason::limit, "Limits.MessageSize");
    return std::move(observer.report());
  }
  struct stat status{};
  if (::fstat(descriptor, &status) != 0 || static_cast<std::uint64_t>(status.st_size) != size) {
    observer.add_unscanned(UnscannedReason::truncated, "Engine.MessageSizeDiffers");
  }
  if (state_->scratch != scratch.native()) {
    state_->scratch = scratch.native();
    if (cl_engine_set_str(state_->engine.get(), CL_ENGINE_TMPDIR, state_->scratch.c_str()) != CL_SUCCESS) {
      observer.add_unscanned(UnscannedReason::engine, "Engine.NoScratchFolder");
    }
  }
  const bool may_be_read = looks != Looks::libclamav_alone;
  if (may_be_read && size < large) observer.keep_copies(size);
  const ReusedMappings reused;
  cl_scan_options options = scan_options(state_->options.heuristics);
  const char* name = nullptr;
  unsigned long blocks = 0;
  observer.begin_pass();
  // libclamav passes over files of up to 5 bytes without a call; behind the header below they are looked at.
  constexpr std::uint64_t smallest = 6;
  if (size >= smallest) {
    observer.end_pass(
        cl_scandesc_callback(descriptor, nullptr, &name, &blocks, state_->engine.get(), &options, &observer));
  }
  const bool is_message =
      looks != Looks::both_if_message || observer.saw_mail() || looks_like_message(descriptor);
  if ((is_message || size < smallest) && !observer.saw_mail())
    scan_behind_header(observer, descriptor, size, options);
  if (is_message && may_be_read) scan_parts_of(observer, descriptor, size, options);
  observer.drop_copies();
  if (!empty_folder(scratch)) observer.add_unscanned(UnscannedReason::engine, "Engine.ScratchFolder");
  if (size >= large) give_memory_back();
  observer.vouch();
  return std::move(observer.report());
}

}  // namespace rastel::detect
