# of server/output.c
s/!output->greeted \|\| header->head >= output->config\.nheads/!output->greeted/
