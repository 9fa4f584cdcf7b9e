// SPDX-License-Identifier: GPL-2.0-only
#include "sandbox/worker.hpp"

#include <new>

#include <unistd.h>

#include "base/os/shared_memory.hpp"
#include "message/edit_places.hpp"
#include "sandbox/confinement_parts.hpp"
#include "sandbox/failed_allocations.hpp"
#include "sandbox/seqpacket.hpp"
#include "sandbox/wire.hpp"

namespace rastel::sandbox {
namespace {

void send_or_die(int socket, FrameKind kind, std::uint32_t number, std::string_view body) {
  FrameHeader header;
  header.kind = kind;
  header.number = number;
  if (!send_packet(socket, encode_frame(header, body), {}, 0))
    _exit(0);  // the daemon has gone: nobody wants the rest
}

void send_report(int socket, std::uint32_t number, const Report& report) {
  const std::string bytes = encode_report(report);
  std::string_view rest = bytes;
  for (; rest.size() > largest_body; rest.remove_prefix(largest_body))
    send_or_die(socket, FrameKind::report_part, number, rest.substr(0, largest_body));
  send_or_die(socket, FrameKind::report_end, number, rest);
}

void add_places(Report& report, int descriptor, std::uint64_t size) {
  const auto mapping = os::map_read_only(descriptor, size);
  if (!mapping) return;
  const auto bytes = mapping->bytes();
  report.places = message::edit_places({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

void run_worker(FileDescriptor socket, Scanner& scanner, const Circumstances& circumstances) {
  // Out of memory is one message's misfortune and has a name of its own (unscanned(memory)), unlike a crash.
  std::set_new_handler([] { _exit(exit_out_of_memory); });
  exit_where_memory_is_missing(exit_out_of_memory);
  end_with_parent();
  const auto confined = confine(Process::worker, circumstances, socket.get());
  if (!confined) _exit(exit_not_confined);
  if (!scanner.prove(confined->scratch)) _exit(exit_canary_failed);
  send_or_die(socket.get(), FrameKind::worker_ready, 0, {});
  for (;;) {
    auto packet = receive_packet(socket.get(), largest_frame, 1, 0);
    if (!packet || packet->end) _exit(0);
    const auto frame = decode_frame(packet->bytes);
    if (!frame || frame->header.kind != FrameKind::scan || packet->descriptors.size() != 1) _exit(0);
    const int message = packet->descriptors[0].get();
    const std::int32_t wants = frame->header.value;
    Report report =
        scanner.scan(message, frame->header.size, confined->scratch,
                     (wants & scan_wants::file) != 0 ? ScannedAs::perhaps_a_file : ScannedAs::message);
    if ((wants & scan_wants::places) != 0) add_places(report, message, frame->header.size);
    const std::uint32_t number = frame->header.number;
    if (!scanner.answers_itself_for_test(socket.get(), number)) send_report(socket.get(), number, report);
  }
}

}  // namespace rastel::sandbox
