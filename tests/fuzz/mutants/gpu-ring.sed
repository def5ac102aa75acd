# of device/virtqueue.c
s/if \(walk\.index >= walk\.size\)/if (false)/
