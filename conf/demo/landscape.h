// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The view out of the demo's window: dusk over hills and a lake, clouds that
 * drift, stars and ripples that twinkle. Everything that stands still is
 * painted once; a frame costs a few operations per pixel. Single threaded.
 */
#ifndef ORIEL_CONF_DEMO_LANDSCAPE_H
#define ORIEL_CONF_DEMO_LANDSCAPE_H

#include <stdint.h>

#define LANDSCAPE_SPARKS 420

/* A star or a ripple on the lake. */
struct spark {
    int x, y, length; /* pixels, from the view's corner */
    uint32_t colour;
    float phase, speed, strength;
};

struct landscape {
    int width, height; /* pixels */
    int horizon;       /* first row without clouds */
    uint32_t *still;   /* width x height, without clouds and sparks */
    uint8_t *veil;     /* width x horizon: how much clouds show, 0 on hills */
    uint8_t *clouds;   /* CLOUD_PERIOD x horizon, repeats sideways */
    uint32_t *tint;    /* per row of the sky: the clouds' colour */
    struct spark sparks[LANDSCAPE_SPARKS];
    int nsparks;
};

/* Returns 0 or -ENOMEM. `scale` is 1 for a screen 800 pixels high. */
int landscape_init(struct landscape *land, int width, int height, float scale);
void landscape_finish(struct landscape *land);

/* One row of the view at that moment, before sparks. */
void landscape_row(const struct landscape *land, int y, float seconds, uint32_t *row);
/* The colour that a spark adds at that moment; 0: none. */
uint32_t landscape_spark(const struct spark *spark, float seconds);

#endif
