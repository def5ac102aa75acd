// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/log_line.h"

#include <stdio.h>
#include <string.h>

/* Where a line grows: the end leaves room for what closes it. */
struct writer {
    char *tail;
    const char *end;
};

/*
 * Bytes of the UTF-8 sequence at `text`, or 0 when there is none that may be
 * printed. The upper control characters (U+0080 to U+009F) count as none:
 * terminals obey them as they obey ESC. Overlong forms, surrogates and what is
 * beyond U+10FFFF are no UTF-8: readers of JSON would refuse the line.
 */
static size_t utf8_length(const unsigned char *text)
{
    size_t length;

    if (text[0] < 0xc2 || text[0] > 0xf4)
        return 0;
    length = text[0] < 0xe0 ? 2 : text[0] < 0xf0 ? 3 : 4;
    /* The NUL at the end is no continuation byte and ends this loop. */
    for (size_t i = 1; i < length; i++) {
        if ((text[i] & 0xc0) != 0x80)
            return 0;
    }
    if ((text[0] == 0xc2 && text[1] < 0xa0) || (text[0] == 0xe0 && text[1] < 0xa0) ||
        (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90) ||
        (text[0] == 0xf4 && text[1] > 0x8f))
        return 0;
    return length;
}

/* Bytes at `text` that go out as they are; 0: the first must be escaped. */
static size_t printable_length(const unsigned char *text)
{
    if (text[0] >= 0x80)
        return utf8_length(text);
    return text[0] >= 0x20 && text[0] != 0x7f ? 1 : 0;
}

static bool put(struct writer *writer, const void *data, size_t size)
{
    if ((size_t)(writer->end - writer->tail) < size)
        return false;
    memcpy(writer->tail, data, size);
    writer->tail += size;
    return true;
}

static bool put_text(struct writer *writer, const char *text)
{
    return put(writer, text, strlen(text));
}

/* One byte that may not stand for itself. In JSON it becomes the text that
 * people would see (\x1b), since it may be no character at all. */
static bool put_escape(struct writer *writer, unsigned char byte, bool json)
{
    static const char digits[] = "0123456789abcdef";
    const char escape[] = {'\\', '\\', 'x', digits[byte >> 4], digits[byte & 15]};
    return json ? put(writer, escape, 5) : put(writer, escape + 1, 4);
}

/* Appends `text`, escaped, as far as it fits. */
static void put_escaped(struct writer *writer, const char *text, bool json)
{
    const unsigned char *byte = (const unsigned char *)text;
    while (*byte != 0) {
        size_t length = printable_length(byte);
        bool quoted = json && (*byte == '"' || *byte == '\\');
        if (length == 0 ? !put_escape(writer, *byte, json)
            : quoted    ? !put(writer, (const char[]){'\\', (char)*byte}, 2)
                        : !put(writer, byte, length))
            return;
        byte += length > 0 ? length : 1;
    }
}

static void put_label(struct writer *writer, const char *label)
{
    put_escaped(writer, label, false);
    put_text(writer, ": ");
}

static void put_member(struct writer *writer, const char *name, const char *value)
{
    put_text(writer, ",\"");
    put_text(writer, name);
    put_text(writer, "\":\"");
    put_escaped(writer, value, true);
    put_text(writer, "\"");
}

static void write_text(struct writer *writer, const struct log_line *line)
{
    put_label(writer, line->program);
    put_label(writer, line->level);
    put_label(writer, line->module);
    put_escaped(writer, line->text, false);
}

static void put_time(struct writer *writer, const struct timespec *time)
{
    char text[64];
    struct tm utc;
    size_t length = 0;
    if (gmtime_r(&time->tv_sec, &utc) != NULL)
        length = strftime(text, sizeof(text), "{\"time\":\"%Y-%m-%dT%H:%M:%S", &utc);
    put(writer, text, length);
    snprintf(text, sizeof(text), ".%06ldZ\"", time->tv_nsec / 1000);
    put_text(writer, text);
}

/* The member that may be cut comes last. */
static void write_json(struct writer *writer, const struct log_line *line)
{
    char pid[32];
    put_time(writer, &line->time);
    put_member(writer, "program", line->program);
    snprintf(pid, sizeof(pid), ",\"pid\":%d", line->pid);
    put_text(writer, pid);
    put_member(writer, "level", line->level);
    put_member(writer, "module", line->module);
    put_text(writer, ",\"message\":\"");
    put_escaped(writer, line->text, true);
}

size_t log_line_format(const struct log_line *line, bool json, char out[LOG_LINE_SIZE])
{
    const char *close = json ? "\"}\n" : "\n";
    size_t closing = strlen(close);
    struct writer writer = {.tail = out, .end = out + LOG_LINE_SIZE - closing};
    if (json)
        write_json(&writer, line);
    else
        write_text(&writer, line);
    memcpy(writer.tail, close, closing);
    return (size_t)(writer.tail - out) + closing;
}
