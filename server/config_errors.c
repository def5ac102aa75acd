// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/config_errors.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void config_errors_init(struct config_errors *errors)
{
    *errors = (struct config_errors){0};
}

void config_errors_finish(struct config_errors *errors)
{
    free(errors->text);
    *errors = (struct config_errors){0};
}

static void append_line(struct config_errors *errors, const char *line)
{
    size_t length = strlen(line);
    char *text = realloc(errors->text, errors->size + length + 1);
    if (text == NULL)
        return; /* The count still says that there is an error. */
    memcpy(text + errors->size, line, length + 1);
    errors->text = text;
    errors->size += length;
}

static void write_place(FILE *out, const struct config_place *place)
{
    if (place->file == NULL)
        fputs("command line: ", out);
    else if (place->line == 0)
        fprintf(out, "%s: ", place->file);
    else
        fprintf(out, "%s:%u: ", place->file, place->line);
    if (place->section != NULL)
        fprintf(out, "[%s]%s%s: ", place->section, place->key ? "." : "",
                place->key ? place->key : "");
    if (place->value != NULL)
        fprintf(out, "%s: ", place->value);
}

void config_error(struct config_errors *errors, const struct config_place *place,
                  const char *format, ...)
{
    char *line = NULL;
    size_t size;
    va_list args;

    if (errors->count++ >= CONFIG_ERRORS_SHOWN)
        return;
    FILE *out = open_memstream(&line, &size);
    if (out == NULL)
        return;
    write_place(out, place);
    va_start(args, format);
    vfprintf(out, format, args);
    va_end(args);
    if (fclose(out) == 0) {
        for (char *c = line; *c != '\0'; c++)
            *c = (unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c;
        append_line(errors, line);
        append_line(errors, "\n");
    }
    free(line);
}
