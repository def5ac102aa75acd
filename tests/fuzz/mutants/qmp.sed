# of server/qmp.c
s/(memchr\(qmp->line \+ done, '\\n'), qmp->used - done\)/\1, MAX_LINE)/
