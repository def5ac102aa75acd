// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading the INI file. inih splits the lines; the reader that feeds it counts
 * them, refuses what inih would quietly cut or join, and knows the sections,
 * since inih tells neither a line number nor a section without keys.
 */
#include "server/config_loader.h"
#include "server/paths.h"

#include <errno.h>
#include <ini.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SECTION_SIZE 50
#define BLANKS " \t\r\n\v\f"

struct reader {
    struct config_loader *loader;
    FILE *file;
    const char *path;
    unsigned line;
    bool setting_expected; /* the line has to reach the handler */
    bool section_known;
    char section_text[SECTION_SIZE];
    const char *section;
    int head;
};

static struct config_place place_of(const struct reader *reader)
{
    return (struct config_place){.file = reader->path, .line = reader->line};
}

static void report_line(struct reader *reader, const char *message)
{
    struct config_place place = place_of(reader);
    config_error(reader->loader->errors, &place, "%s", message);
}

/*
 * Reads one line into `buffer`, without its newline. A line that does not fit
 * or holds a NUL is reported and read as empty. Returns false at the end.
 */
static bool read_line(struct reader *reader, char *buffer, size_t cap)
{
    size_t length = 0;
    bool nul = false;
    int c;
    while ((c = getc(reader->file)) != EOF && c != '\n') {
        nul = nul || c == '\0';
        if (length < cap)
            buffer[length++] = (char)c;
    }
    if (c == EOF && length == 0)
        return false;
    reader->line++;
    if (nul)
        report_line(reader, "the line holds a NUL byte");
    else if (length == cap)
        report_line(reader, "the line is too long");
    buffer[nul || length == cap ? 0 : length] = '\0';
    return true;
}

static void begin_section(struct reader *reader, const char *line)
{
    struct config_place place = place_of(reader);
    const char *end = strchr(line, ']');
    reader->section_known = false;
    reader->section = NULL;
    snprintf(reader->section_text, sizeof(reader->section_text), "%s", "?");
    if (end == NULL || strchr("#;", end[1 + strspn(end + 1, BLANKS)]) == NULL) {
        report_line(reader, "expected [section]");
        return;
    }
    /* The longest name of a section is far shorter than this. */
    snprintf(reader->section_text, sizeof(reader->section_text), "%.*s", (int)(end - line - 1),
             line + 1);
    place.section = reader->section_text;
    reader->section_known =
        config_loader_section(reader->loader, &place, &reader->section, &reader->head) == 0;
}

static void finish_line(struct reader *reader)
{
    if (reader->setting_expected)
        report_line(reader, "expected key = value");
    reader->setting_expected = false;
}

/* An ini_reader: fgets() with our eyes open. */
static char *feed(char *out, int cap, void *stream)
{
    struct reader *reader = stream;
    finish_line(reader);
    /* Room for the newline that inih expects, and the NUL. */
    if (!read_line(reader, out, (size_t)cap - 2))
        return NULL;
    char *start = out;
    if (reader->line == 1 && strncmp(start, "\xef\xbb\xbf", 3) == 0)
        start += 3;
    /* inih takes an indented line for the continuation of the one before. */
    start += strspn(start, BLANKS);
    memmove(out, start, strlen(start) + 1);
    if (out[0] == '[')
        begin_section(reader, out);
    else
        reader->setting_expected = out[0] != '\0' && out[0] != '#' && out[0] != ';';
    strcat(out, "\n");
    return out;
}

static int handle_setting(void *user, const char *section, const char *name, const char *value)
{
    struct reader *reader = user;
    struct config_place place = place_of(reader);
    (void)section; /* inih cuts long names; ours is exact */
    reader->setting_expected = false;
    place.section = reader->section_text;
    place.key = name;
    place.value = value;
    if (reader->section_known)
        config_loader_set(reader->loader, &place, reader->section, reader->head);
    else if (reader->section_text[0] == '\0')
        report_line(reader, "a setting before the first [section]");
    return 1;
}

void config_loader_read_file(struct config_loader *loader, const char *path)
{
    struct reader reader = {.loader = loader, .path = path};
    struct config_place place = {.file = path};
    struct stat st;

    reader.file = fopen(path, "re");
    if (reader.file == NULL || fstat(fileno(reader.file), &st) != 0) {
        config_error(loader->errors, &place, "cannot be read: %s", strerror(errno));
    } else if (S_ISDIR(st.st_mode)) {
        config_error(loader->errors, &place, "is a directory");
    } else {
        ini_parse_stream(feed, &reader, handle_setting, &reader);
        finish_line(&reader);
        if (ferror(reader.file))
            config_error(loader->errors, &place, "cannot be read to its end");
    }
    if (reader.file != NULL)
        fclose(reader.file);
}
