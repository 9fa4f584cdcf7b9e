/* SPDX-License-Identifier: GPL-2.0-only
 * GMime, with which Evolution's relatives and notmuch read mail:  gmime PAYLOAD-FILE <names
 * Says of each mail named on standard input, a line each, whether the payload came out of it: 1 or 0. */
#define _GNU_SOURCE
#include <gmime/gmime.h>
#include <stdio.h>
#include <string.h>

static GByteArray payload;
static gboolean found;

static void look(GMimeObject* parent, GMimeObject* part, gpointer unused);

/* g_mime_message_foreach stops at an enclosed message. */
static void look_into_message(GMimeMessage* message) {
  GMimeObject* top = message ? g_mime_message_get_mime_part(message) : NULL;
  if (!top) return;
  look(NULL, top, NULL);
  if (GMIME_IS_MULTIPART(top)) g_mime_multipart_foreach(GMIME_MULTIPART(top), look, NULL);
}

static void look(GMimeObject* parent, GMimeObject* part, gpointer unused) {
  (void)parent;
  (void)unused;
  if (GMIME_IS_MESSAGE_PART(part)) {
    look_into_message(g_mime_message_part_get_message(GMIME_MESSAGE_PART(part)));
  } else if (GMIME_IS_PART(part)) {
    GMimeDataWrapper* content = g_mime_part_get_content(GMIME_PART(part));
    if (!content) return;
    GMimeStream* memory = g_mime_stream_mem_new();
    g_mime_data_wrapper_write_to_stream(content, memory);
    GByteArray* bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory));
    if (bytes && memmem(bytes->data, bytes->len, payload.data, payload.len)) found = TRUE;
    g_object_unref(memory);
  }
}

int main(int count, char** arguments) {
  char name[4096];
  gsize size = 0;
  if (count != 2 || !g_file_get_contents(arguments[1], (gchar**)&payload.data, &size, NULL)) return 2;
  payload.len = (guint)size;
  g_mime_init();
  while (fgets(name, sizeof name, stdin)) {
    name[strcspn(name, "\n")] = '\0';
    found = FALSE;
    GMimeStream* file = g_mime_stream_file_open(name, "r", NULL);
    if (file) {
      GMimeParser* parser = g_mime_parser_new_with_stream(file);
      GMimeMessage* message = g_mime_parser_construct_message(parser, NULL);
      look_into_message(message);
      if (message) g_object_unref(message);
      g_object_unref(parser);
      g_object_unref(file);
    }
    puts(found ? "1" : "0");
    fflush(stdout);
  }
  return 0;
}
