# of server/control/client.c
s/\(unsigned\)\(sizeof\(client->buffer\) - client->used\)/sizeof(client->buffer)/
