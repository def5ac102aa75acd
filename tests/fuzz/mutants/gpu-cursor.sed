# of device/gpu_cursor.c
s/return scanout < gpu->nheads \? (&gpu->heads\[scanout\]) : NULL;/return \1;/
