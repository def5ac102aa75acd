# of net/vnc/viewer.c
s/if \(length == 0 \|\| size < \(size_t\)length\)/if (length == 0)/
