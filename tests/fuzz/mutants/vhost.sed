# of device/vhost_user_request.c
s/return index < vhost_user->device->nqueues \? (&vhost_user->rings\[index\]) : NULL;/return \1;/
