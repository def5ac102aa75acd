// SPDX-License-Identifier: GPL-2.0-or-later
/* What /proc and its log say about the program under test. */
#include "tests/protocol/lib/oriel_process.h"

#include "tests/protocol/lib/guest_check.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

static FILE *open_proc(const struct oriel_process *process, const char *name)
{
    char path[64];
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/%s", (int)process->pid, name);
    file = fopen(path, "r");
    CHECK(file != NULL, "%s", path);
    return file;
}

static unsigned count_lines(FILE *file, const char *text)
{
    char line[1024];
    unsigned n = 0;

    while (fgets(line, sizeof(line), file) != NULL)
        n += strstr(line, text) != NULL;
    fclose(file);
    return n;
}

long oriel_process_memory_kib(const struct oriel_process *process)
{
    FILE *file = open_proc(process, "status");
    char line[256];
    long kib = -1;

    while (fgets(line, sizeof(line), file) != NULL)
        sscanf(line, "RssAnon: %ld kB", &kib);
    fclose(file);
    CHECK(kib >= 0, "RssAnon");
    return kib;
}

unsigned oriel_process_maps_like(const struct oriel_process *process, const char *text)
{
    return count_lines(open_proc(process, "maps"), text);
}

unsigned oriel_process_log_lines(const struct oriel_process *process, const char *text)
{
    FILE *file = fopen(process->log, "r");

    CHECK(file != NULL, "log");
    return count_lines(file, text);
}

unsigned oriel_process_fds_like(const struct oriel_process *process, const char *text)
{
    char path[64], link[512];
    DIR *dir;
    struct dirent *entry;
    unsigned n = 0;

    snprintf(path, sizeof(path), "/proc/%d/fd", (int)process->pid);
    dir = opendir(path);
    CHECK(dir != NULL, "%s", path);
    while ((entry = readdir(dir)) != NULL) {
        ssize_t size = readlinkat(dirfd(dir), entry->d_name, link, sizeof(link) - 1);

        if (size < 0)
            continue; /* "." and "..", or closed since */
        link[size] = '\0';
        n += strstr(link, text) != NULL;
    }
    closedir(dir);
    return n;
}

unsigned oriel_process_fds(const struct oriel_process *process)
{
    return oriel_process_fds_like(process, "");
}

bool oriel_process_fds_become(const struct oriel_process *process, unsigned fds)
{
    uint64_t until = check_now_us() + 2000000;

    while (oriel_process_fds(process) != fds) {
        if (check_now_us() > until) {
            print_error("%u descriptors, expected %u\n", oriel_process_fds(process), fds);
            return false;
        }
        usleep(5000);
    }
    return true;
}

unsigned long long oriel_process_cpu_us(const struct oriel_process *process)
{
    FILE *file = open_proc(process, "stat");
    char line[1024];
    unsigned long long user = 0, system = 0;
    const char *rest;

    CHECK(fgets(line, sizeof(line), file) != NULL, "stat");
    fclose(file);
    rest = strrchr(line, ')');
    CHECK(rest != NULL && sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                                 &user, &system) == 2,
          "stat: %s", line);
    return (user + system) * (1000000ull / (unsigned long long)sysconf(_SC_CLK_TCK));
}
