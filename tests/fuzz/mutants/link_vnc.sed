# of net/vnc/display_take.c
s/ \|\| r->x \+ r->width > \(int64_t\)width \|\|/ ||/
