// SPDX-License-Identifier: GPL-2.0-or-later
#include "server/config_print.h"
#include "server/config_table.h"

#include <string.h>

#define COMMENT_WIDTH 78

/* Writes `text` as comment lines of bounded width, broken at spaces. */
static void print_comment(FILE *out, const char *text)
{
    int column = 0;
    while (*text != '\0') {
        int length = (int)strcspn(text, " ");
        if (column == 0 || column + 1 + length > COMMENT_WIDTH)
            column = fprintf(out, "%s#", column == 0 ? "" : "\n");
        if (column < 0)
            return;
        column += fprintf(out, " %.*s", length, text);
        text += length + (int)strspn(text + length, " ");
    }
    fputc('\n', out);
}

static void print_key(FILE *out, const struct config_key *key)
{
    char accepted[CONFIG_REASON_SIZE];
    char line[CONFIG_REASON_SIZE + 16];
    key->type->describe(key, accepted, sizeof(accepted));
    snprintf(line, sizeof(line), "Accepts %s.", accepted);
    fputc('\n', out);
    print_comment(out, key->help);
    print_comment(out, line);
    fprintf(out, "#%s =%s%s\n", key->name, key->fallback[0] != '\0' ? " " : "", key->fallback);
}

static void print_section(FILE *out, const struct config_section *section)
{
    bool heads = strcmp(section->name, CONFIG_HEAD_SECTION) == 0;
    fputc('\n', out);
    print_comment(out, section->help);
    fprintf(out, "[%s]\n", heads ? "head.0" : section->name);
    for (size_t i = 0; i < config_nkeys; i++)
        if (strcmp(config_keys[i].section, section->name) == 0)
            print_key(out, &config_keys[i]);
}

void config_print(FILE *out)
{
    print_comment(out,
                  "Configuration of oriel, see oriel.ini(5). Every key is optional and shown "
                  "here commented out, at its default. Comments begin with # or ; at the start "
                  "of a line, or with ; behind a value and a space.");
    for (size_t i = 0; i < config_nsections; i++)
        print_section(out, &config_sections[i]);
}
