# of server/config_types.c
s/if \(modes\.count == HEAD_MAX_MODES\)/if (false)/
